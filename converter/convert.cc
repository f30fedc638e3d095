// SPDX-License-Identifier: MIT
#include "converter/convert.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "converter/calibrate/calibrate.h"
#include "converter/chat/compile.h"
#include "converter/error.h"
#include "converter/export/exporter.h"
#include "converter/quantize.h"
#include "converter/schemes.h"
#include "converter/scratch.h"
#include "converter/self_test.h"
#include "converter/sniff.h"
#include "converter/version.h"
#include "converter/writer/compress.h"
#include "converter/writer/model_writer.h"
#include "converter/writer/seal.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {
namespace {

namespace fs = std::filesystem;

/// What a folder is called, however it was named: "models/X/" and "." too. Only this goes
/// into the file: where it lay on somebody's disk is nobody else's business.
std::string FolderName(const std::string& folder) {
  std::error_code ignored;
  fs::path path = fs::weakly_canonical(folder, ignored);
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

/// The same without what files of checkpoints end with.
std::string ModelName(const std::string& checkpoint) {
  fs::path name = FolderName(checkpoint);
  for (const char* known : {".qfb", ".gguf", ".npz", ".bin", ".pt"}) {
    if (name.extension() == known) name = name.stem();
  }
  return name.empty() ? "model" : name.string();
}

/// One conversion: its steps, and what they leave for each other. The header points
/// into the members, so this stays where it is.
class Conversion {
 public:
  Conversion(const ConvertOptions& options, const std::string& output, Progress* progress)
      : options_(options),
        output_(output),
        progress_(*progress),
        schemes_{options.scheme, options.embed, options.head, options.rules} {}
  Conversion(const Conversion&) = delete;
  Conversion& operator=(const Conversion&) = delete;

  Report Run() {
    // Fails before the long work if the key is no key.
    if (!options_.sign_key.empty()) ReadKey();
    checkpoint_ = OpenCheckpoint(options_.checkpoint, options_.read);
    report_.notes = checkpoint_->notes;
    if (options_.tokenizer) ReadTokenizer();
    options_.target == Target::kQfb ? MakeModel() : Export();
    FillReport();
    return std::move(report_);
  }

 private:
  void MakeModel() {
    if (!options_.tokenizer) {
      StandInTokenizer();
    } else if (options_.chat_template) {
      CompileTemplate();
    }
    DescribeTensors();
    if (!options_.calibrate.empty()) RoundByText();
    FillHeader();
    if (options_.compress || key_) {
      WriteInStages();
    } else {
      WriteModel(output_);
    }
  }

  /// To another program's files.
  void Export() {
    const ChatSource chat =
        options_.tokenizer && options_.chat_template ? checkpoint_->chat() : ChatSource();
    const ExportInput input{*checkpoint_, options_.tokenizer ? &tokenizer_ : nullptr, &chat,
                            ModelName(checkpoint_->path)};
    const auto leave = options_.target == Target::kGguf ? ExportGguf : ExportHuggingFace;
    Report report = leave(input, {output_, options_.dtype}, &progress_);
    report.notes.insert(report.notes.begin(), report_.notes.begin(), report_.notes.end());
    report.tokens = report_.tokens;
    report.chat_template = !chat.jinja.empty();
    report_ = std::move(report);
  }

  void ReadKey() {
    ErrorDetail detail;
    key_ = Value(writer::ReadKey(options_.sign_key, &detail), detail, options_.sign_key);
  }

  void ReadTokenizer() {
    tokenizer_ = checkpoint_->tokenizer(checkpoint_->architecture.vocab);
    report_.notes.insert(report_.notes.end(), tokenizer_.notes.begin(), tokenizer_.notes.end());
    report_.tokens = tokenizer_.vocab();
  }

  void StandInTokenizer() {
    tokenizer_ = NoTokenizer();
    report_.notes.push_back("there is no tokenizer: prompts can only be given as ids");
  }

  void CompileTemplate() {
    const ChatSource source = checkpoint_->chat();
    if (source.place.empty()) return;
    report_.chat_template = true;
    if (checkpoint_->compiled_chat) {
      chat_ = checkpoint_->compiled_chat();
      return;
    }
    ErrorDetail detail;
    auto compiled =
        CompileChatTemplate({source.jinja, source.bos_token, source.eos_token}, &detail);
    if (!compiled.ok()) {
      const std::string why = detail.empty() ? compiled.status().what() : detail.text();
      throw Error(compiled.status().code(), source.place, "chat template: " + why,
                  "--no-chat-template converts without it");
    }
    chat_ = std::move(compiled).value();
  }

  /// Chooses each tensor's scheme.
  void DescribeTensors() {
    CheckHead();
    schemes_.CheckRules(checkpoint_->tensors);
    uint64_t scan = 0;
    for (const SourceTensor& tensor : checkpoint_->tensors) {
      scan += ChooseSchemeBytes(tensor, schemes_.For(tensor));
      report_.source_bytes += tensor.bytes;
    }
    progress_.Start("checking", scan);
    for (const SourceTensor& tensor : checkpoint_->tensors) {
      TensorReport entry;
      entry.name = tensor.name;
      entry.role = tensor.role;
      entry.layer = tensor.layer;
      entry.source_dtype = tensor.dtype;
      entry.rows = tensor.rows;
      entry.columns = tensor.columns;
      const Choice choice = ChooseScheme(tensor, schemes_.For(tensor), &progress_);
      if (!choice.note.empty()) report_.notes.push_back(choice.note);
      const format::Panel panel = choice.panel;
      entry.scheme = PanelName(panel);
      entry.bytes = format::PanelBytes(panel, entry.rows, entry.columns);
      panels_.push_back(panel);
      report_.tensors.push_back(std::move(entry));
    }
  }

  /// A head that is the embedding is stored like it.
  void CheckHead() const {
    const auto& tensors = checkpoint_->tensors;
    const bool own_head = std::any_of(tensors.begin(), tensors.end(), [](const SourceTensor& t) {
      return t.role == format::Role::kHead;
    });
    if (!options_.head || own_head) return;
    throw Error(Code::kInvalidArgument, checkpoint_->path,
                "the head is the embedding, which is stored once", "use --embed, without --head");
  }

  /// Opens the checkpoint once more, since calibration makes models of its layers.
  void RoundByText() {
    if (!options_.tokenizer) {
      throw Error(Code::kInvalidArgument, "", "--calibrate needs the tokenizer",
                  "leave out --no-tokenizer");
    }
    calibrated_ = Calibrate(OpenCheckpoint(options_.checkpoint, options_.read), tokenizer_, panels_,
                            {.text = options_.calibrate}, &progress_);
    report_.calibration_sequences = calibrated_.sequences;
    report_.calibration_length = calibrated_.length;
    for (const auto& [i, matrix] : calibrated_.matrices) {
      report_.tensors[i].calibrated = true;
      report_.tensors[i].output_error = matrix.output_error;
      report_.tensors[i].rounding_error = matrix.rounding_error;
    }
  }

  void FillHeader() {
    ErrorDetail none;
    header_.architecture = std::move(checkpoint_->architecture);
    header_.tokenizer = Value(tokenizer_.View(), none);
    if (chat_) header_.chat_template = Value(chat_->View(), none);
    header_.tensors = Value(Array<format::Tensor>::Create(report_.tensors.size()), none);
    for (size_t i = 0; i < report_.tensors.size(); ++i) {
      const TensorReport& entry = report_.tensors[i];
      format::Tensor& tensor = header_.tensors[i];
      tensor.name = entry.name;
      tensor.role = entry.role;
      tensor.layer = entry.layer;
      tensor.panel = panels_[i];
      tensor.rows = entry.rows;
      tensor.columns = entry.columns;
      tensor.source_dtype = entry.source_dtype;
    }
    header_.reader_version = format::OldestReader(header_);
    source_name_ = FolderName(checkpoint_->path);
    header_.provenance.source = source_name_;
    header_.provenance.source_format = checkpoint_->source_format;
    header_.provenance.license = checkpoint_->license;
    header_.provenance.tool = kTool;
    scheme_name_ = SchemeName();
    header_.provenance.quantization = scheme_name_;
  }

  std::string SchemeName() const {
    return schemes_.Text() + (calibrated_.matrices.empty() ? "" : ", calibrated");
  }

  /// The model as it is mapped, at `path`.
  void WriteModel(const std::string& path) {
    ErrorDetail detail;
    writer::ModelWriter out =
        Value(writer::ModelWriter::Create(path, &header_, {}, &detail), detail, path);
    WriteTensors(&out, path);
    if (options_.self_test) {
      progress_.CheckStop();
      Check(out.WriteDraft(&detail), detail, path);
      report_.self_test =
          RecordSelfTest(out.temporary_path(), options_.tokenizer, SelfTestTolerance(panels_));
      header_.self_test = report_.self_test.View();
    }
    progress_.CheckStop();
    report_.file_bytes = out.file_bytes();
    Check(out.Finish(&detail), detail, path);
  }

  void WriteTensors(writer::ModelWriter* out, const std::string& path) {
    progress_.Start("writing", report_.source_bytes);
    for (size_t i = 0; i < report_.tensors.size(); ++i) {
      TensorReport& entry = report_.tensors[i];
      const StoreError error = WriteTensor(i, [&](std::span<const std::byte> bytes) {
        ErrorDetail detail;
        Check(out->Append(bytes, &detail), detail, path);
      });
      entry.error_rms = error.rms;
      entry.error_max = error.max;
      header_.tensors[i].error_rms = static_cast<float>(error.rms);
      header_.tensors[i].error_max = static_cast<float>(error.max);
    }
    progress_.Clear();
  }

  StoreError WriteTensor(size_t i, const std::function<void(std::span<const std::byte>)>& sink) {
    const SourceTensor& tensor = checkpoint_->tensors[i];
    const auto calibrated = calibrated_.matrices.find(i);
    if (calibrated == calibrated_.matrices.end())
      return StorePanels(tensor, panels_[i], &progress_, sink);
    sink(calibrated->second.panels);
    progress_.Advance(tensor.bytes);
    return calibrated->second.error;
  }

  /// Signing and compressing work on files: in a folder that vanishes if they fail.
  void WriteInStages() {
    const ScratchFolder scratch(output_);
    std::string file = scratch.File("model.qfb");
    WriteModel(file);
    ErrorDetail detail;
    if (key_) {
      progress_.Start("signing");
      Check(writer::SignFile(file, *key_, file, &detail, progress_.Callback()), detail, output_);
    }
    if (options_.compress) {
      const std::string compressed = scratch.File("compressed.qfb");
      progress_.Start("compressing");
      Check(writer::CompressFile(file, compressed, writer::kDefaultLevel, &detail,
                                 progress_.Callback()),
            detail, output_);
      file = compressed;
      report_.file_bytes = fs::file_size(file);
    }
    progress_.CheckStop();
    scratch.MoveToTarget(file);
  }

  void FillReport() {
    report_.source = options_.checkpoint;
    report_.output = output_;
    report_.family = checkpoint_->family;
    if (report_.scheme.empty()) report_.scheme = SchemeName();
    report_.is_signed = key_.has_value();
    report_.compressed = options_.compress;
    report_.peak_bytes = platform::PeakResidentBytes();
  }

  const ConvertOptions& options_;
  const std::string& output_;
  Progress& progress_;
  const Schemes schemes_;
  Report report_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::vector<format::Panel> panels_;  ///< one per tensor
  CalibratedModel calibrated_;
  TokenizerTables tokenizer_;
  std::optional<ChatTables> chat_;
  std::optional<writer::SecretKey> key_;
  std::string source_name_, scheme_name_;
  format::Header header_;
};

}  // namespace

std::string DefaultOutput(const std::string& checkpoint, Target target) {
  const std::string name = ModelName(checkpoint);
  switch (target) {
    case Target::kHuggingFace:
      return name + "-hf";
    case Target::kGguf:
      return name + ".gguf";
    case Target::kQfb:
      break;
  }
  return name + ".qfb";
}

void CheckOutput(const std::string& path, bool force) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    throw Error(Code::kInvalidArgument, path, "is a folder", "name a file");
  }
  if (force || !fs::exists(path, ignored)) return;
  const std::string kind = SniffPath(path);
  if (kind.find("Quanta") == kind.npos) {
    throw Error(Code::kInvalidArgument, path, "exists and looks like " + kind,
                "--force replaces it");
  }
}

Report Convert(const ConvertOptions& options, Progress* progress) {
  const double start = platform::Now();
  const std::string output =
      options.output.empty() ? DefaultOutput(options.checkpoint, options.target) : options.output;
  if (options.target != Target::kHuggingFace) CheckOutput(output, options.force);
  Report report = Conversion(options, output, progress).Run();
  report.seconds = platform::Now() - start;
  return report;
}

}  // namespace quanta::converter
