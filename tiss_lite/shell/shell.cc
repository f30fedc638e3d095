// SPDX-License-Identifier: MIT
#include "tiss_lite/shell/shell.h"

#include <utility>
#include <vector>

#include "tiss_lite/base/chars.h"
#include "tiss_lite/shell/pattern.h"
#include "tiss_lite/shell/program_call.h"
#include "tiss_lite/vfs/path.h"

namespace quanta::lite {
namespace {

constexpr int kTimedOut = 124, kNotPermitted = 126, kNotFound = 127;

class Shell {
 public:
  Shell(const ShellContext& context)
      : context_(context),
        files_(*context.files),
        out_(context.limits->output_bytes),
        err_(context.limits->output_bytes) {}

  ShellResult Run(const CommandText& text) {
    ShellResult result;
    std::vector<Pipeline> line;
    if (std::string wrong = ParseCommandLine(text, &line); !wrong.empty()) {
      err_.Write(Concat("tsh: ", wrong, "\n"));
      result.exit_code = 2;
    } else {
      result.exit_code = RunAll(line);
    }
    if (seconds_ > context_.limits->tool_seconds && !files_.fault()) {
      err_.Write("tsh: the time limit of a RUN has passed\n");
      result.exit_code = kTimedOut;
    }
    result.truncated = out_.full() || err_.full();
    result.out = out_.Take();
    result.err = err_.Take();
    result.seconds = seconds_;
    return result;
  }

 private:
  bool over() const { return files_.fault().has_value(); }

  int RunAll(const std::vector<Pipeline>& line) {
    for (const Pipeline& pipeline : line) {
      if (pipeline.commands.size() > context_.limits->pipeline_stages) {
        files_.Fail({"R308", "the pipeline has too many stages"});
        return 1;
      }
    }
    int code = 0;
    for (const Pipeline& pipeline : line) {
      const bool skip = (pipeline.when == Pipeline::When::kAfterSuccess && code != 0) ||
                        (pipeline.when == Pipeline::When::kAfterFailure && code == 0);
      if (!skip) code = RunPipeline(pipeline);
      if (over() || seconds_ > context_.limits->tool_seconds) break;
    }
    return code;
  }

  int RunPipeline(const Pipeline& pipeline) {
    std::string input;
    int code = 0;
    for (size_t i = 0; i < pipeline.commands.size() && !over(); ++i) {
      const bool last = i + 1 == pipeline.commands.size();
      Sink pipe(context_.limits->files.file_bytes);
      code = RunCommand(pipeline.commands[i], input, last ? &out_ : &pipe);
      if (pipe.full()) files_.Fail({"R308", "a pipe carries more than a file may hold"});
      input = pipe.Take();
    }
    return code;
  }

  struct Target {
    std::string path;
    bool append;
    Sink sink;
  };

  int RunCommand(const Command& command, std::string_view piped, Sink* out) {
    std::vector<std::string> words;
    for (const Word& word : command.words) Expand(word, &words);
    Sink* err = &err_;
    std::string redirected;
    std::string_view input = piped;
    std::vector<std::unique_ptr<Target>> targets;
    for (const Redirection& redirection : command.redirections) {
      const std::string& path = redirection.target.text;
      FsError error = FsError::kNone;
      switch (redirection.kind) {
        case Redirection::Kind::kErrorsToOut:
          err = out;
          break;
        case Redirection::Kind::kIn:
          error = OpenInput(path, &redirected);
          input = redirected;
          break;
        default: {
          const bool append = redirection.kind == Redirection::Kind::kAppend;
          error = OpenTarget(path, append, &targets);
          if (error != FsError::kNone) break;
          Sink* sink = &targets.back()->sink;
          (redirection.kind == Redirection::Kind::kErrors ? err : out) = sink;
          break;
        }
      }
      if (error == FsError::kNone) continue;
      if (!over()) err_.Write(Concat("tsh: ", path, ": ", FsErrorText(error), "\n"));
      return 1;
    }
    if (over()) return 1;
    const int code = Call(std::move(words), input, out, err);
    for (const auto& target : targets) {
      if (!over()) Close(target.get());
    }
    return code;
  }

  FsError OpenInput(const std::string& path, std::string* input) {
    Bytes bytes;
    const FsError error = files_.Read(path, &bytes);
    if (error == FsError::kNone) *input = *bytes;
    return error;
  }

  /// As a shell does, before the command runs: the file is there, and empty unless appended to.
  FsError OpenTarget(const std::string& path, bool append,
                     std::vector<std::unique_ptr<Target>>* targets) {
    const FsError error = append ? files_.Append(path, "") : files_.Write(path, "");
    if (error != FsError::kNone) return error;
    targets->push_back(
        std::make_unique<Target>(Target{path, append, Sink(context_.limits->files.file_bytes)}));
    return error;
  }

  void Close(Target* target) {
    if (target->sink.full()) {
      files_.Fail({"R308", Concat("\"", target->path, "\" would be larger than a file may be")});
      return;
    }
    std::string bytes = target->sink.Take();
    static_cast<void>(target->append ? files_.Append(target->path, bytes)
                                     : files_.Write(target->path, std::move(bytes)));
  }

  int Call(std::vector<std::string> words, std::string_view input, Sink* out, Sink* err) {
    const std::string name = words[0];
    words.erase(words.begin());
    const Tool* tool = context_.tools->Find(name);
    const bool program = tool == nullptr && context_.capabilities->MayRunProgram(name);
    if (tool == nullptr && !program) {
      err->Write(Concat("tsh: ", name, ": command not found\n"));
      return kNotFound;
    }
    const bool permitted = program || context_.capabilities->MayRun(name);
    if (context_.audit != nullptr) {
      context_.audit->Record({context_.line, program ? "run:host" : "run", name, permitted,
                              permitted ? "" : "the tool is not granted"});
    }
    if (!permitted) {
      err->Write(Concat("tsh: ", name, ": the tool is not permitted\n"));
      return kNotPermitted;
    }
    ToolCall call(name, std::move(words), input, out, err, &files_);
    const double left = context_.limits->tool_seconds - seconds_;
    const int code = program ? CallHostProgram(context_, left, &call) : tool->run(call);
    seconds_ += call.seconds;
    return code;
  }

  void Expand(const Word& word, std::vector<std::string>* words) {
    const size_t slash = word.text.rfind('/');
    const size_t begin = slash == word.text.npos ? 0 : slash + 1;
    const std::string_view mask = std::string_view(word.pattern).substr(begin);
    const std::string_view name = std::string_view(word.text).substr(begin);
    std::vector<std::string> names;
    const std::string folder = word.text.substr(0, begin);
    const bool pattern = mask.find('*') != mask.npos && !over() &&
                         files_.List(folder.empty() ? "." : folder, &names) == FsError::kNone;
    bool found = false;
    for (const std::string& candidate : names) {
      if (!pattern || (candidate[0] == '.' && name[0] != '.')) continue;
      if (!files_.Spend(candidate.size() + name.size())) return;
      if (!MatchesPattern(candidate, name, mask)) continue;
      words->push_back(folder + candidate);
      found = true;
    }
    if (!found) words->push_back(word.text);
  }

  const ShellContext& context_;
  FileAccess& files_;
  Sink out_, err_;
  double seconds_ = 0;
};

}  // namespace

ShellResult RunCommandLine(const CommandText& text, const ShellContext& context) {
  return Shell(context).Run(text);
}

}  // namespace quanta::lite
