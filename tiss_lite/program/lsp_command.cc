// SPDX-License-Identifier: MIT
//
// lsp: the language server on the standard input and output.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "runtime/cli/error.h"
#include "runtime/cli/output.h"
#include "tiss_lite/lsp/framing.h"
#include "tiss_lite/lsp/server.h"
#include "tiss_lite/program/add_command.h"
#include "tiss_lite/program/options.h"

#ifndef QUANTA_VERSION
#define QUANTA_VERSION "0"
#endif

namespace quanta::lite::program {
namespace {

bool InputWaits() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return poll(&input, 1, 0) > 0;
}

class LspCommand {
 public:
  void Define(CLI::App* command) {
    sandbox_.Define(command);
    command->add_flag("--strict", strict_,
                      "Missing names, unknown directives and old forms are errors");
    // Editors pass it to every server.
    command->add_flag("--stdio", stdio_,
                      "Speak over the standard input and output, as it does anyway");
  }

  int Run() {
    lsp::ServerOptions options;
    options.version = QUANTA_VERSION;
    options.profile = sandbox_.Read();
    options.strict = strict_;
    for (auto& [name, value] : sandbox_.Variables()) options.variables.push_back(name);
    lsp::LanguageServer server(std::move(options));
    lsp::MessageReader reader;
    while (!server.exited()) {
      TakeAll(&reader, &server);
      if (server.exited()) break;
      // With nothing more to read there is time to look at what was changed.
      if (!InputWaits()) {
        server.PublishChanges();
        Send(&server);
      }
      if (!Feed(&reader)) {
        server.PublishChanges();
        Send(&server);
        if (!reader.AtBoundary()) cli::Complain("tiss-lite lsp: the input ends within a message");
        break;
      }
    }
    return server.exit_code();
  }

 private:
  static void TakeAll(lsp::MessageReader* reader, lsp::LanguageServer* server) {
    while (!server->exited()) {
      const auto event = reader->Next();
      if (!event) return;
      if (event->error) {
        server->Refuse(event->text);
      } else {
        server->Take(event->text);
      }
      Send(server);
    }
  }

  static void Send(lsp::LanguageServer* server) {
    const std::string output = server->TakeOutput();
    if (!output.empty()) cli::Write(output);
  }

  /// False at the end of the input.
  static bool Feed(lsp::MessageReader* reader) {
    char bytes[64 * 1024];
    ssize_t count = 0;
    do {
      count = read(STDIN_FILENO, bytes, sizeof bytes);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
      throw cli::Error(Code::kIo, "standard input",
                       "cannot be read: " + std::system_category().message(errno));
    }
    reader->Feed({bytes, static_cast<size_t>(count)});
    return count > 0;
  }

  SandboxOptions sandbox_;
  bool strict_ = false, stdio_ = true;
};

}  // namespace

void AddLsp(CLI::App& app, Action* action) {
  AddCommand<LspCommand>(app, action, "lsp",
                         "Be the language server of an editor, on the standard input and output");
}

}  // namespace quanta::lite::program
