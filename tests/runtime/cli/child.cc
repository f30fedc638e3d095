// SPDX-License-Identifier: MIT
#include "tests/runtime/cli/child.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace quanta::cli {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kPatience = std::chrono::seconds(60);

std::array<int, 2> Pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  return ends;
}

[[noreturn]] void Exec(const std::string& program, const std::vector<std::string>& arguments) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  signal(SIGPIPE, SIG_DFL);
  execv(program.c_str(), argv.data());
  _exit(127);
}

/// Appends what can be read now; false at the end.
bool Drain(int descriptor, std::string* out) {
  char block[4096];
  const ssize_t count = read(descriptor, block, sizeof(block));
  if (count > 0) out->append(block, static_cast<size_t>(count));
  return count > 0;
}

int ExitCodeOf(pid_t pid) {
  int status = 0;
  const auto end = Clock::now() + kPatience;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (Clock::now() > end) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return -1;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Outcome RunProgramFile(const std::string& program, const std::vector<std::string>& arguments,
                       const std::string& input) {
  const auto in = Pipe(), out = Pipe(), err = Pipe();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork");
  if (pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    Exec(program, arguments);
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  // Inputs here are shorter than a pipe's buffer; the reader may be gone already.
  const auto previous = signal(SIGPIPE, SIG_IGN);
  static_cast<void>(!write(in[1], input.data(), input.size()));
  signal(SIGPIPE, previous);
  close(in[1]);

  Outcome outcome;
  std::array<pollfd, 2> ends = {{{out[0], POLLIN, 0}, {err[0], POLLIN, 0}}};
  const auto deadline = Clock::now() + kPatience;
  while (ends[0].fd >= 0 || ends[1].fd >= 0) {
    if (Clock::now() > deadline) kill(pid, SIGKILL);
    poll(ends.data(), ends.size(), 1000);
    for (size_t i = 0; i < 2; ++i) {
      if (ends[i].fd < 0 || ends[i].revents == 0) continue;
      if (!Drain(ends[i].fd, i == 0 ? &outcome.out : &outcome.err)) ends[i].fd = -1;
    }
  }
  close(out[0]);
  close(err[0]);
  outcome.exit_code = ExitCodeOf(pid);
  return outcome;
}

Outcome Quanta(const std::vector<std::string>& arguments, const std::string& input) {
  return RunProgramFile(QUANTA_PROGRAM, arguments, input);
}

Child::Child(const std::vector<std::string>& arguments, Terminal terminal, bool blocked_output) {
  if (terminal == Terminal::kPty) {
    pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
    if (pid_ < 0) throw std::runtime_error("forkpty");
    if (pid_ == 0) Exec(QUANTA_PROGRAM, arguments);
    return;
  }
  const auto err = Pipe(), out = Pipe();
  if (blocked_output) {
    fcntl(out[1], F_SETFL, O_NONBLOCK);
    const std::string block(4096, '.');
    while (write(out[1], block.data(), block.size()) > 0) {
    }
    while (write(out[1], block.data(), 1) > 0) {
    }
    fcntl(out[1], F_SETFL, 0);
  }
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ == 0) {
    dup2(open("/dev/null", O_RDONLY), 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    Exec(QUANTA_PROGRAM, arguments);
  }
  close(err[1]);
  error_ = err[0];
  full_read_ = out[0];
  full_write_ = out[1];
}

Child::~Child() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  for (const int descriptor : {terminal_, error_, full_read_, full_write_}) {
    if (descriptor >= 0) close(descriptor);
  }
}

void Child::Type(const std::string& text) {
  if (write(terminal_, text.data(), text.size()) < 0) throw std::runtime_error("write to the pty");
}

bool Child::WaitFor(const std::string& text) {
  const auto end = Clock::now() + kPatience / 4;
  while (seen_.find(text) == std::string::npos) {
    pollfd ready = {terminal_, POLLIN, 0};
    if (Clock::now() > end) return false;
    if (poll(&ready, 1, 100) > 0 && !Drain(terminal_, &seen_)) {
      return seen_.find(text) != std::string::npos;
    }
  }
  return true;
}

void Child::Signal(int number) { kill(pid_, number); }

void Child::WaitUntilAsleep() {
  // Twice in a row, so that a short wait on the way is not taken for the last one.
  int asleep = 0;
  const auto end = Clock::now() + kPatience / 4;
  while (asleep < 20 && Clock::now() < end) {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::stringstream stat;
    stat << file.rdbuf();
    const std::string text = stat.str();
    const size_t name_end = text.rfind(')');
    const bool sleeps = name_end != std::string::npos && text.substr(name_end + 2, 1) == "S";
    asleep = sleeps ? asleep + 1 : 0;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

Outcome Child::Wait() {
  Outcome outcome;
  if (terminal_ >= 0) {
    const auto end = Clock::now() + kPatience;
    // The other side of a pty reports its end as an error.
    while (Clock::now() < end && Drain(terminal_, &seen_)) {
    }
    outcome.out = seen_;
  } else {
    while (Drain(error_, &outcome.err)) {
    }
  }
  outcome.exit_code = ExitCodeOf(pid_);
  pid_ = -1;
  return outcome;
}

}  // namespace quanta::cli
