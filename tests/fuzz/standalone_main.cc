// SPDX-License-Identifier: MIT
//
// Runs a fuzz target without libFuzzer: deterministic mutations of seeds.
//   TARGET [-runs=N] [-seed=S] [-max_total_time=SECONDS] [FILE|FOLDER ...]
// Seeds are the files, and those that the target brings along. Each is run as it is;
// then N mutations of them. An input that crashes, hangs or asks for too much memory
// is written to crash-TARGET in the current folder; run it again by its name.
#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" __attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size,
                                                                size_t max_size, unsigned seed);
namespace quanta::fuzz {
__attribute__((weak)) std::vector<Input> Seeds();
}

// A sanitizer that finds an absurd size should name it, not obey; and abort, so that the
// input is saved below.
extern "C" const char* __asan_default_options() {
  return "abort_on_error=1:max_allocation_size_mb=512:detect_leaks=1";
}
extern "C" const char* __ubsan_default_options() { return "abort_on_error=1:print_stacktrace=1"; }

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define QUANTA_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define QUANTA_ASAN 1
#endif

namespace {

using quanta::fuzz::Input;

constexpr size_t kMaxGrowth = 4096;
constexpr unsigned kSecondsPerRun = 10;
constexpr rlim_t kMemory = rlim_t{2} << 30;

struct Options {
  uint64_t runs = 0;
  uint64_t seed = 1;
  uint64_t seconds = UINT64_MAX;
  std::vector<std::string> paths;
};

// What the signal handler needs; set before each run.
const uint8_t* current_data = nullptr;
size_t current_size = 0;
std::string crash_path;

quanta::fuzz::Random mutations(1);

[[noreturn]] void Usage(const char* argument) {
  std::fprintf(stderr, "unknown option %s; expected -runs=N, -seed=S, -max_total_time=SECONDS\n",
               argument);
  std::exit(2);
}

bool Number(const char* argument, const char* name, uint64_t* out) {
  while (*argument == '-') ++argument;
  const size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0 || argument[length] != '=') return false;
  char* end = nullptr;
  *out = std::strtoull(argument + length + 1, &end, 10);
  return *end == '\0' && end != argument + length + 1;
}

Options Parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    if (argv[i][0] != '-') {
      options.paths.push_back(argv[i]);
    } else if (!Number(argv[i], "runs", &options.runs) && !Number(argv[i], "seed", &options.seed) &&
               !Number(argv[i], "max_total_time", &options.seconds)) {
      Usage(argv[i]);
    }
  }
  const bool only_time = options.runs == 0 && options.seconds != UINT64_MAX;
  if (only_time) options.runs = UINT64_MAX;
  return options;
}

/// Async-signal-safe: keeps the input and lets the signal take its course.
void SaveInput(int signal) {
  const int fd = open(crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  size_t done = 0;
  while (fd >= 0 && done < current_size) {
    const ssize_t count = write(fd, current_data + done, current_size - done);
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  static constexpr char kMessage[] = "\nthe input was saved as ";
  static_cast<void>(!write(2, kMessage, sizeof(kMessage) - 1));
  static_cast<void>(!write(2, crash_path.data(), crash_path.size()));
  static_cast<void>(!write(2, "\n", 1));
  std::signal(signal, SIG_DFL);
  raise(signal);
}

void CatchCrashes() {
  std::vector<int> signals = {SIGABRT, SIGPROF, SIGXCPU};
#ifndef QUANTA_ASAN  // Which handles these itself, and then aborts.
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) signals.push_back(signal);
#endif
  for (const int signal : signals) std::signal(signal, SaveInput);
}

void LimitMemory() {
#ifndef QUANTA_ASAN  // Which reserves terabytes of addresses.
  const rlimit limit{kMemory, kMemory};
  setrlimit(RLIMIT_AS, &limit);
#endif
}

void Load(const std::string& path, std::vector<Input>* seeds) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), std::strerror(errno));
    std::exit(2);
  }
  if (S_ISDIR(status.st_mode)) {
    std::vector<std::string> names;
    DIR* folder = opendir(path.c_str());
    while (const dirent* entry = folder == nullptr ? nullptr : readdir(folder)) {
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    }
    if (folder != nullptr) closedir(folder);
    std::sort(names.begin(), names.end());  // the order of a folder is no one's promise
    for (const std::string& name : names) Load(path + "/" + name, seeds);
    return;
  }
  Input input(static_cast<size_t>(status.st_size));
  std::FILE* file = std::fopen(path.c_str(), "rb");
  const size_t size = file == nullptr ? 0 : std::fread(input.data(), 1, input.size(), file);
  if (file != nullptr) std::fclose(file);
  input.resize(size);
  seeds->push_back(std::move(input));
}

/// Processor time: a process that others stop or crowd out is no hang.
void LimitTime(unsigned limit) {
  itimerval timer = {};
  timer.it_value.tv_sec = limit;
  setitimer(ITIMER_PROF, &timer, nullptr);
}

void RunOne(const Input& input) {
  // Exactly that long, so that the sanitizer sees a read after the end.
  const std::vector<uint8_t> copy(input.begin(), input.end());
  current_data = copy.data();
  current_size = copy.size();
  LimitTime(kSecondsPerRun);
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
  LimitTime(0);
}

Input Mutated(const Input& seed) {
  const size_t room = seed.size() + kMaxGrowth;
  Input input(room);
  std::copy(seed.begin(), seed.end(), input.begin());
  const auto choice = static_cast<unsigned>(mutations.Next());
  input.resize(LLVMFuzzerCustomMutator != nullptr
                   ? LLVMFuzzerCustomMutator(input.data(), seed.size(), room, choice)
                   : LLVMFuzzerMutate(input.data(), seed.size(), room));
  return input;
}

double Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size) {
  return quanta::fuzz::Mutate(data, size, max_size, mutations);
}

int main(int argc, char** argv) {
  const Options options = Parse(argc, argv);
  const char* slash = std::strrchr(argv[0], '/');
  const std::string name = slash == nullptr ? argv[0] : slash + 1;
  crash_path = "crash-" + name;
  mutations = quanta::fuzz::Random(options.seed);
  CatchCrashes();
  LimitMemory();

  std::vector<Input> seeds;
  for (const std::string& path : options.paths) Load(path, &seeds);
  if (quanta::fuzz::Seeds != nullptr) {
    for (Input& seed : quanta::fuzz::Seeds()) seeds.push_back(std::move(seed));
  }
  if (seeds.empty()) seeds.emplace_back();
  for (const Input& seed : seeds) RunOne(seed);
  const uint64_t taken = quanta::fuzz::accepted;
  std::printf("%s: %zu seeds, %" PRIu64 " accepted\n", name.c_str(), seeds.size(), taken);

  const double start = Now();
  uint64_t run = 0;
  for (; run < options.runs && Now() - start < static_cast<double>(options.seconds); ++run) {
    RunOne(Mutated(seeds[static_cast<size_t>(run % seeds.size())]));
  }
  const uint64_t accepted = quanta::fuzz::accepted - taken;
  std::printf("%s: seed %" PRIu64 ", %" PRIu64 " runs, %" PRIu64 " accepted, %" PRIu64
              " rejected, %.0f runs/s\n",
              name.c_str(), options.seed, run, accepted, run - accepted,
              static_cast<double>(run) / std::max(Now() - start, 1e-9));
  return 0;
}
