// SPDX-License-Identifier: MIT
//
// Three processes: this one; a worker in a mount namespace of its own, where a file system in
// memory holds the program's files; and bubblewrap with the program. The worker sends the result
// back through a pipe.
#include "tiss_lite/program/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/program/descriptor.h"
#include "tiss_lite/program/sandbox_files.h"

namespace quanta::lite::program {
namespace {

using End = ProgramResult::End;
using Clock = std::chrono::steady_clock;

// Over whatever the host has there; only the worker sees it.
constexpr char kMount[] = "/tmp";
constexpr char kView[] = "/tmp/view", kInput[] = "/tmp/input";
constexpr rlim_t kMemory = rlim_t{1} << 30, kProcesses = 64, kOpenFiles = 256;
constexpr uid_t kNobody = 65534;

ProgramResult Refused(std::string why) {
  ProgramResult result;
  result.why = std::move(why);
  return result;
}
ProgramResult Refused(const char* what, int error) {
  return Refused(Concat("the sandbox cannot be set up: ", what, ": ", std::strerror(error)));
}

std::string FindIn(std::string_view folders, const std::string& name) {
  while (!folders.empty()) {
    const size_t colon = std::min(folders.find(':'), folders.size());
    const std::string path = Concat(folders.substr(0, colon), "/", name);
    folders.remove_prefix(std::min(colon + 1, folders.size()));
    struct stat status = {};
    const bool file = stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (path[0] == '/' && file && access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

std::vector<std::string> Arguments(const std::string& sandbox, const std::string& program,
                                   const ProgramRequest& request, int status) {
  const std::string bytes = std::to_string(request.limits.total_bytes);
  std::vector<std::string> all = {sandbox,
                                  "--unshare-all",
                                  "--die-with-parent",
                                  "--new-session",
                                  "--cap-drop",
                                  "ALL",
                                  "--clearenv",
                                  "--setenv",
                                  "PATH",
                                  "/usr/local/bin:/usr/bin:/bin",
                                  "--setenv",
                                  "HOME",
                                  "/work",
                                  "--setenv",
                                  "LANG",
                                  "C.UTF-8",
                                  "--ro-bind",
                                  "/usr",
                                  "/usr"};
  const auto add = [&](std::initializer_list<std::string> more) {
    all.insert(all.end(), more.begin(), more.end());
  };
  for (const char* name : {"/bin", "/lib", "/lib64", "/lib32", "/sbin"}) {
    struct stat status_of = {};
    if (lstat(name, &status_of) != 0) continue;
    if (S_ISLNK(status_of.st_mode)) {
      add({"--symlink", Concat("usr", name), name});
    } else {
      add({"--ro-bind", name, name});
    }
  }
  // What programs are found by; nothing that says whose machine this is.
  add({"--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"});
  add({"--ro-bind-try", "/etc/alternatives", "/etc/alternatives"});
  add({"--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"});
  add({"--size", bytes, "--tmpfs", "/tmp", "--bind", kView, "/work", "--remount-ro", "/"});
  add({"--chdir", "/work", "--json-status-fd", std::to_string(status), "--", program});
  all.insert(all.end(), request.args.begin(), request.args.end());
  return all;
}

bool WriteFile(const char* path, std::string_view text) {
  const Descriptor file(open(path, O_WRONLY | O_CLOEXEC));
  return file.ok() && WriteAll(file.get(), text);
}

/// Leaves root, and enters namespaces in which this process may mount. Null, or what failed.
const char* EnterNamespaces() {
  if (geteuid() == 0) {
    const bool left = setgroups(0, nullptr) == 0 && setgid(kNobody) == 0 && setuid(kNobody) == 0;
    if (!left) return "becoming nobody";
    prctl(PR_SET_DUMPABLE, 1);  // else /proc/self belongs to root
  }
  const std::string user = std::to_string(geteuid()), group = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return "a user namespace";
  if (!WriteFile("/proc/self/setgroups", "deny") ||
      !WriteFile("/proc/self/uid_map", user + " " + user + " 1") ||
      !WriteFile("/proc/self/gid_map", group + " " + group + " 1")) {
    return "the user of the namespace";
  }
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return "private mounts";
  return nullptr;
}

const char* MountView(const ProgramRequest& request) {
  size_t bytes = request.input.size();
  for (const auto& [path, contents] : request.files) {
    bytes += contents == nullptr ? 0 : contents->size();
  }
  // Pages and folders take their part.
  const size_t nodes = 8 * request.limits.files + 2 * request.files.size() + 64;
  const size_t size = 2 * request.limits.total_bytes + bytes + 4096 * nodes;
  const std::string how =
      Concat("mode=0700,size=", std::to_string(size), ",nr_inodes=", std::to_string(nodes));
  if (mount("tiss-lite", kMount, "tmpfs", MS_NOSUID | MS_NODEV, how.c_str()) != 0) {
    return "a file system in memory";
  }
  if (mkdir(kView, 0755) != 0 || !WriteTree(request.files, kView)) return "the files";
  const Descriptor input(open(kInput, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  return input.ok() && WriteAll(input.get(), request.input) ? nullptr : "the standard input";
}

void Limit(int what, rlim_t most) {
  rlimit limit = {most, most};
  rlimit now = {};
  if (getrlimit(static_cast<__rlimit_resource>(what), &now) == 0) {
    limit.rlim_max = limit.rlim_cur = std::min(most, now.rlim_max);
  }
  setrlimit(static_cast<__rlimit_resource>(what), &limit);
}

[[noreturn]] void Exec(const std::vector<std::string>& arguments, const ProgramRequest& request,
                       int out, int err, int status) {
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  const int input = open(kInput, O_RDONLY);
  dup2(input, 0);
  dup2(out, 1);
  dup2(err, 2);
  fcntl(status, F_SETFD, 0);
  for (int number = 3; number < static_cast<int>(kOpenFiles); ++number) {
    if (number != status) close(number);
  }
  Limit(RLIMIT_CORE, 0);
  Limit(RLIMIT_NPROC, kProcesses);
  Limit(RLIMIT_NOFILE, kOpenFiles);
  Limit(RLIMIT_FSIZE, request.limits.file_bytes);
  Limit(RLIMIT_CPU, static_cast<rlim_t>(std::ceil(request.seconds)) + 1);
  // This process may be larger than that already: nothing may be allocated from here on.
  Limit(RLIMIT_AS, kMemory);
  char* const nothing[] = {nullptr};
  execve(pointers[0], pointers.data(), nothing);
  _exit(127);
}

/// The ends of a pipe.
struct Pipe {
  Descriptor read, write;
  bool Open() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
    return true;
  }
};

/// Takes what is there, keeping at most `most` bytes. False at the end.
bool Drain(const Descriptor& from, size_t most, std::string* into) {
  char buffer[65536];
  for (;;) {
    const ssize_t count = read(from.get(), buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 && errno == EAGAIN;
    const size_t kept = std::min(static_cast<size_t>(count), most - into->size());
    into->append(buffer, kept);
  }
}

class Watcher {
 public:
  Watcher(const ProgramRequest& request, ProgramResult* result)
      : request_(request), result_(*result), begin_(Clock::now()) {}

  /// Until bubblewrap `child` has ended, or the time has. Its wait status.
  int Watch(pid_t child, const Pipe& out, const Pipe& err, const Pipe& status) {
    const size_t most = request_.limits.file_bytes + 1;
    pollfd ends[] = {{out.read.get(), POLLIN, 0}, {err.read.get(), POLLIN, 0}};
    for (const Pipe* pipe : {&out, &err, &status}) fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);
    int wait_status = 0;
    for (bool ended = false; !ended;) {
      constexpr int kMilliseconds = 5;
      poll(ends, 2, kMilliseconds);
      ended = waitpid(child, &wait_status, WNOHANG) == child;
      // At its end an end of a pipe would not let poll() wait.
      if (!Drain(out.read, most, &result_.out)) ends[0].fd = -1;
      if (!Drain(err.read, most, &result_.err)) ends[1].fd = -1;
      Drain(status.read, 4096, &told_);
      result_.seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
      if (ended || result_.seconds <= request_.seconds) continue;
      result_.end = End::kTimedOut;
      kill(child, SIGKILL);
      waitpid(child, &wait_status, 0);
      return wait_status;
    }
    Drain(status.read, 4096, &told_);
    return wait_status;
  }

  /// Bubblewrap tells the exit code only if it had come so far as to run the program.
  bool ran() const { return told_.find("exit-code") != told_.npos; }

 private:
  const ProgramRequest& request_;
  ProgramResult& result_;
  const Clock::time_point begin_;
  std::string told_;
};

ProgramResult RunInView(const std::string& sandbox, const std::string& program,
                        const ProgramRequest& request) {
  ProgramResult result;
  Pipe out, err, status;
  if (!out.Open() || !err.Open() || !status.Open()) return Refused("pipes", errno);
  const auto arguments = Arguments(sandbox, program, request, status.write.get());
  const pid_t child = fork();
  if (child < 0) return Refused("a process", errno);
  if (child == 0) {
    Exec(arguments, request, out.write.get(), err.write.get(), status.write.get());
  }
  for (Pipe* pipe : {&out, &err, &status}) pipe->write = Descriptor();
  Watcher watcher(request, &result);
  const int wait_status = watcher.Watch(child, out, err, status);
  if (result.end == End::kTimedOut) return result;
  if (!watcher.ran()) {
    return Refused(Concat("the sandbox cannot be set up: ", Trim(result.err)));
  }
  result.exit_code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + SIGKILL;
  result.end = End::kExited;
  const bool too_long = result.exit_code == 128 + SIGXFSZ;
  if (too_long || !ReadTree(kView, request.limits, &result)) {
    result.end = End::kKilled;
    result.why = "it wrote more than the files of a run may hold";
    result.files.clear();
  }
  return result;
}

[[noreturn]] void Work(const std::string& sandbox, const std::string& program,
                       const ProgramRequest& request, int back) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  ProgramResult result;
  if (const char* what = EnterNamespaces()) {
    result = Refused(what, errno);
  } else if (const char* missing = MountView(request)) {
    result = Refused(missing, errno);
  } else {
    result = RunInView(sandbox, program, request);
  }
  WriteAll(back, PackResult(result));
  _exit(0);
}

}  // namespace

ProgramResult BubblewrapPrograms::Run(const ProgramRequest& request) {
  const char* const path = std::getenv("PATH");
  const std::string sandbox =
      sandbox_.empty() ? FindIn(path == nullptr ? "/usr/bin" : path, "bwrap") : sandbox_;
  if (sandbox.empty() || access(sandbox.c_str(), X_OK) != 0) {
    return Refused("bubblewrap, the sandbox of host programs, is not installed (bwrap)");
  }
  const std::string program = FindIn("/usr/local/bin:/usr/bin:/bin", request.name);
  ProgramResult result;
  result.end = End::kNotFound;
  if (program.empty()) return result;
  Pipe back;
  if (!back.Open()) return Refused("a pipe", errno);
  const pid_t worker = fork();
  if (worker < 0) return Refused("a process", errno);
  if (worker == 0) Work(sandbox, program, request, back.write.get());
  back.write = Descriptor();
  std::string bytes;
  Drain(back.read, SIZE_MAX, &bytes);
  int status = 0;
  while (waitpid(worker, &status, 0) < 0 && errno == EINTR) {
  }
  ProgramResult told;
  if (!UnpackResult(bytes, &told)) return Refused("the sandbox ended early");
  return told;
}

}  // namespace quanta::lite::program
