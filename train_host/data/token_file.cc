// SPDX-License-Identifier: MIT
#include "train_host/data/token_file.h"

#include <algorithm>
#include <cstring>

#include "converter/error.h"
#include "converter/writer/atomic_file.h"
#include "train_host/data/fingerprint.h"

namespace quanta::train {
namespace {

using converter::Error;

struct Header {
  char magic[8];
  uint64_t documents, tokens, text_bytes, fingerprint, vocab;
  uint64_t zeros[2];
};
static_assert(sizeof(Header) == 64);
constexpr char kMagic[8] = {'Q', 'T', 'O', 'K', 'E', 'N', 'S', '1'};

constexpr uint64_t BeginsOffset(uint64_t tokens) {
  return (sizeof(Header) + tokens * sizeof(uint32_t) + 7) / 8 * 8;
}

/// Gathers tokens and hands them to the file in larger pieces.
class TokenWriter {
 public:
  TokenWriter(const TrainTokenizer& tokenizer, const std::string& output)
      : tokenizer_(tokenizer), output_(output), file_(Create(output)) {
    const Header header = {};
    Write(std::as_bytes(std::span(&header, 1)));
  }

  void Add(const Document& document) {
    begins_.push_back(tokens_);
    for (const int32_t id : tokenizer_.tables().prefix_ids) Push(id, false);
    bool learn = true;
    for (size_t i = 0; i < document.size(); ++i) {
      Encode(document[i], i == 0);
      learn = document[i].learn;
      text_bytes_ += document[i].text.size();
    }
    if (tokenizer_.end_id() >= 0 && !EndsWithEnd()) Push(tokenizer_.end_id(), learn);
  }

  void Finish(uint64_t fingerprint) {
    begins_.push_back(tokens_);
    if (tokens_ % 2 != 0) pending_.push_back(0);
    Flush();
    Write(std::as_bytes(std::span(begins_)));
    Header header = {};
    header.documents = begins_.size() - 1;
    header.tokens = tokens_;
    header.text_bytes = text_bytes_;
    header.fingerprint = fingerprint;
    header.vocab = tokenizer_.vocab();
    std::memcpy(header.magic, kMagic, sizeof(kMagic));
    ErrorDetail detail;
    converter::Check(file_.WriteAt(0, std::as_bytes(std::span(&header, 1)), &detail), detail,
                     output_);
    converter::Check(file_.Commit(&detail), detail, output_);
  }

  uint64_t tokens() const { return tokens_; }

 private:
  static writer::AtomicFile Create(const std::string& output) {
    ErrorDetail detail;
    return converter::Value(writer::AtomicFile::Create(output, &detail), detail, output);
  }

  void Encode(const Piece& piece, bool first) {
    EncodeOptions options;
    options.add_special = false;
    options.parse_special = true;  // the trainer's own texts
    options.text_start = first;
    ids_.Clear();
    converter::Check(tokenizer_.tokenizer().Encode(piece.text, options, &ids_), {}, output_);
    for (const int32_t id : ids_.ids()) Push(id, piece.learn);
  }

  void Push(int32_t id, bool learn) {
    pending_.push_back(static_cast<uint32_t>(id) | (learn ? 0 : TokenFile::kNotLearned));
    last_ = id;
    ++tokens_;
    if (pending_.size() >= (size_t{1} << 16)) Flush();
  }

  /// A template may write the end token itself.
  bool EndsWithEnd() const { return tokens_ > begins_.back() && last_ == tokenizer_.end_id(); }

  void Flush() {
    Write(std::as_bytes(std::span(pending_)));
    pending_.clear();
  }
  void Write(std::span<const std::byte> bytes) {
    ErrorDetail detail;
    converter::Check(file_.Write(bytes, &detail), detail, output_);
  }

  const TrainTokenizer& tokenizer_;
  const std::string output_;
  writer::AtomicFile file_;
  TokenBuffer ids_;
  std::vector<uint32_t> pending_;
  std::vector<uint64_t> begins_;
  uint64_t tokens_ = 0, text_bytes_ = 0;
  int32_t last_ = -1;
};

}  // namespace

TokenFile::TokenFile(const std::string& path) {
  ErrorDetail detail;
  file_ = converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
  const std::span<const std::byte> bytes = file_.bytes();
  Header header;
  if (bytes.size() < sizeof(header)) {
    throw Error(Code::kCorrupt, path, "is no token file: too short");
  }
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0) {
    throw Error(Code::kCorrupt, path, "is no token file", "remove it: it is made again");
  }
  const uint64_t most = bytes.size() / sizeof(uint32_t);
  if (header.tokens > most || header.documents > most ||
      BeginsOffset(header.tokens) + (header.documents + 1) * sizeof(uint64_t) != bytes.size()) {
    throw Error(Code::kCorrupt, path, "has not the size that it states",
                "remove it: it is made again");
  }
  tokens_ = {reinterpret_cast<const uint32_t*>(bytes.data() + sizeof(header)), header.tokens};
  begins_ = {reinterpret_cast<const uint64_t*>(bytes.data() + BeginsOffset(header.tokens)),
             header.documents + 1};
  text_bytes_ = header.text_bytes;
  fingerprint_ = header.fingerprint;
  vocab_ = static_cast<uint32_t>(std::min<uint64_t>(header.vocab, UINT32_MAX));
  Check(path);
}

void TokenFile::Check(const std::string& path) const {
  bool right = begins_.front() == 0 && begins_.back() == tokens_.size() &&
               std::is_sorted(begins_.begin(), begins_.end());
  for (const uint32_t token : tokens_) right &= (token & ~kNotLearned) < vocab_;
  if (!right) throw Error(Code::kCorrupt, path, "is damaged", "remove it: it is made again");
}

uint64_t TokenFingerprint(const TokenSource& source, const TrainTokenizer& tokenizer) {
  Fingerprint print;
  print.Add(tokenizer.fingerprint());
  print.Add(source.separator);
  for (const std::string& path : source.paths) {
    ErrorDetail detail;
    const auto file =
        converter::Value(platform::MappedFile::Open(path.c_str(), &detail), detail, path);
    print.Add(uint64_t{path.ends_with(".jsonl")});
    print.Add(file.bytes());
  }
  return print.value();
}

void WriteTokenFile(const TokenSource& source, const TrainTokenizer& tokenizer,
                    uint64_t fingerprint, const std::string& output,
                    const std::function<void(uint64_t bytes)>& advance) {
  const DocumentOptions options = {source.separator, tokenizer.chat()};
  TokenWriter writer(tokenizer, output);
  for (const std::string& path : source.paths) {
    ReadDocuments(path, options, [&](const Document& document) {
      writer.Add(document);
      uint64_t bytes = 0;
      for (const Piece& piece : document) bytes += piece.text.size();
      advance(bytes);
    });
  }
  if (writer.tokens() < 2) {
    throw Error(Code::kCorrupt, source.paths.empty() ? "" : source.paths.front(),
                "there is nothing to learn from: no document has two tokens");
  }
  writer.Finish(fingerprint);
}

}  // namespace quanta::train
