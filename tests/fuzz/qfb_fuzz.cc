// SPDX-License-Identifier: MIT
//
// Opens .qfb files, compressed or not, and then uses everything that an accepted file
// promises, so that a check that is missing shows up as a bad access.
#include <zstd.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "quanta/check.h"
#include "runtime/format/limits.h"
#include "runtime/format/reader.h"
#include "runtime/format/transport.h"
#include "runtime/format/transport_index.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/mutate.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::format {
namespace {

using writer::AlignedBuffer;

volatile uint64_t sink;

void Touch(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (const std::byte byte : bytes) sum += std::to_integer<uint64_t>(byte);
  sink = sink + sum;
}
void Touch(std::string_view text) { Touch(std::as_bytes(std::span(text))); }
template <class T>
void Touch(std::span<const T> values) {
  Touch(std::as_bytes(values));
}

void UseArchitecture(const Architecture& a) {
  Touch(a.family);
  QUANTA_CHECK(a.heads % a.kv_heads == 0);
  for (const Rope& rope : a.ropes) {
    QUANTA_CHECK(2 * rope.inv_freq.size() <= a.head_dim);
    for (const float frequency : rope.inv_freq) QUANTA_CHECK(std::isfinite(frequency));
  }
  for (const Layer& layer : a.layers) {
    if (layer.rope >= 0) Touch(a.ropes[static_cast<size_t>(layer.rope)].inv_freq);
  }
}

void UseTensors(const File& file) {
  for (const Tensor& tensor : file.header.tensors) {
    Touch(tensor.name);
    Touch(tensor.source_dtype);
    QUANTA_CHECK(PanelBytes(tensor.panel, tensor.rows, tensor.columns) == tensor.bytes);
    const auto bytes =
        file.data.subspan(static_cast<size_t>(tensor.offset), static_cast<size_t>(tensor.bytes));
    QUANTA_CHECK(reinterpret_cast<uintptr_t>(bytes.data()) % kAlign == 0);
    sink =
        sink + std::to_integer<uint64_t>(bytes.front()) + std::to_integer<uint64_t>(bytes.back());
  }
  for (size_t i = 0; i < file.header.chunk_hashes.size(); ++i) {
    static_cast<void>(CheckChunk(file, i, nullptr));
  }
}

void UseTokenizer(const Tokenizer& t) {
  const auto bytes_of = [&](size_t id) {
    return t.token_bytes.subspan(t.token_offsets[id],
                                 t.token_offsets[id + 1] - t.token_offsets[id]);
  };
  for (size_t id = 0; id < t.vocab(); ++id) Touch(bytes_of(id));
  for (const Merge& merge : t.merges) {
    QUANTA_CHECK(bytes_of(merge.left).size() + bytes_of(merge.right).size() ==
                 bytes_of(merge.result).size());
  }
  for (const auto& ids : {t.byte_ids, t.prefix_ids, t.suffix_ids, t.stop_ids}) {
    for (const int32_t id : ids) QUANTA_CHECK(id == -1 || static_cast<uint32_t>(id) < t.vocab());
  }
  for (const AddedToken& token : t.added) {
    Touch(bytes_of(token.id));
    Touch(token.content);
  }
  for (const Normalizer& step : t.normalizers) Touch(step.a), Touch(step.b);
  for (const PreTokenizer& step : t.pre_tokenizers) Touch(step.a);
  for (const Decoder& step : t.decoders) Touch(step.a), Touch(step.b);
  for (const float score : t.scores) QUANTA_CHECK(std::isfinite(score));
}

void UseTexts(const Header& h) {
  Touch(h.chat_template.source);
  Touch(h.chat_template.date_mark), Touch(h.chat_template.thought_open);
  Touch(h.chat_template.thought_close), Touch(h.chat_template.reply_open);
  Touch(h.chat_template.reply_close);
  for (const ChatRule& rule : h.chat_template.rules) {
    Touch(rule.prefix), Touch(rule.middle), Touch(rule.suffix);
  }
  for (const std::string_view text :
       {h.provenance.source, h.provenance.source_format, h.provenance.license, h.provenance.tool,
        h.provenance.training_run, h.provenance.quantization, h.self_test.prompt}) {
    Touch(text);
  }
  QUANTA_CHECK(h.self_test.margins.size() == h.self_test.expected.size());
  for (const int32_t id : h.self_test.ids) QUANTA_CHECK(id >= 0);
}

/// Whether `bytes` is a valid file.
bool Use(std::span<const std::byte> bytes) {
  ErrorDetail detail;
  const auto file = Read(bytes, &detail);
  if (!file.ok()) {
    QUANTA_CHECK(!detail.empty() || file.status().code() == Code::kOutOfMemory);
    return false;
  }
  const uint64_t prefix = PrefixBytes(bytes, nullptr).value();
  QUANTA_CHECK(ReadPrefix(bytes.first(static_cast<size_t>(prefix)), bytes.size(), nullptr).ok());
  UseArchitecture(file.value().header.architecture);
  UseTensors(file.value());
  UseTokenizer(file.value().header.tokenizer);
  UseTexts(file.value().header);
  return true;
}

bool UseCompressed(std::span<const std::byte> bytes) {
  const auto size = RestoredBytes(bytes, nullptr);
  if (!size.ok()) return false;
  QUANTA_CHECK(size.value() / kMaxCompression <= bytes.size());
  AlignedBuffer restored(static_cast<size_t>(size.value()));
  if (!Restore(bytes, restored.bytes(), nullptr).ok()) return false;
  QUANTA_CHECK(Use(restored.bytes()));  // Restore has checked it already
  return true;
}

fuzz::Input Compress(const AlignedBuffer& file, const Header& header) {
  TransportIndex index{.file_bytes = file.bytes().size(),
                       .prefix_bytes = header.data_offset,
                       .chunk_bytes = header.chunk_bytes,
                       .frames = static_cast<uint32_t>(header.chunk_hashes.size() + 1)};
  fuzz::Input out(static_cast<size_t>(IndexBytes(index.frames)));
  std::vector<uint32_t> sizes;
  auto rest = file.bytes();
  for (uint32_t i = 0; i < index.frames; ++i) {
    const size_t most = i == 0 ? static_cast<size_t>(index.prefix_bytes) : index.chunk_bytes;
    const auto piece = rest.first(std::min(most, rest.size()));
    rest = rest.subspan(piece.size());
    fuzz::Input frame(ZSTD_compressBound(piece.size()));
    frame.resize(ZSTD_compress(frame.data(), frame.size(), piece.data(), piece.size(), 3));
    out.insert(out.end(), frame.begin(), frame.end());
    sizes.push_back(static_cast<uint32_t>(frame.size()));
  }
  StoreIndex(index, sizes, std::as_writable_bytes(std::span(out)).first(IndexBytes(index.frames)));
  return out;
}

fuzz::Input ToInput(std::span<const std::byte> bytes) {
  const auto* first = reinterpret_cast<const uint8_t*>(bytes.data());
  return {first, first + bytes.size()};
}

/// The part of a file in which mutations matter: mostly its FlatBuffer, sometimes the
/// seal and the padding too.
std::span<uint8_t> Target(std::span<uint8_t> file, fuzz::Random& random) {
  constexpr size_t kSizePrefix = 4;
  const auto end_of_seal = PrefixBytes(std::as_bytes(file), nullptr);
  if (!end_of_seal.ok() || end_of_seal.value() > file.size()) return file;
  const auto prefix = static_cast<size_t>(end_of_seal.value());
  if (random.OneIn(8)) return file.first(prefix + std::min<size_t>(file.size() - prefix, 64));
  uint32_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kSizePrefix);
  return file.subspan(kSizePrefix, header_bytes);
}

/// Mutates `region` and keeps its size, so that what follows stays in place.
void MutateInPlace(std::span<uint8_t> region) {
  fuzz::Input copy(region.begin(), region.end());
  copy.resize(region.size() + 64);
  copy.resize(LLVMFuzzerMutate(copy.data(), region.size(), copy.size()));
  copy.resize(region.size());
  std::copy(copy.begin(), copy.end(), region.begin());
}

}  // namespace
}  // namespace quanta::format

namespace quanta::fuzz {

std::vector<Input> Seeds() {
  const format::SampleModel sample;
  const auto file = sample.File();
  const auto bare = format::SampleModel::Spoiled([](format::Header& h) {
    h.tokenizer = {};
    h.chat_template = {};
    h.self_test = {};
  });
  return {format::ToInput(file.bytes()), format::ToInput(bare.bytes()),
          format::Compress(file, sample.header)};
}

}  // namespace quanta::fuzz

extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  // libFuzzer's own limit, without a corpus, is 4 kB: less than any model.
  static char max_len[] = "-max_len=65536";
  static std::vector<char*> arguments(*argv, *argv + *argc);
  arguments.insert(arguments.begin() + 1, max_len);  // a later one wins
  arguments.push_back(nullptr);
  *argc += 1;
  *argv = arguments.data();
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const quanta::writer::AlignedBuffer file(std::as_bytes(std::span(data, size)));
  const bool compressed = quanta::format::IsCompressed(file.bytes());
  const bool ok =
      compressed ? quanta::format::UseCompressed(file.bytes()) : quanta::format::Use(file.bytes());
  quanta::fuzz::accepted += ok;
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  using namespace quanta;  // NOLINT
  fuzz::Random random(seed);
  if (size < 64) {
    const auto seeds = fuzz::Seeds();
    const fuzz::Input& start = seeds[random.Below(seeds.size())];
    if (start.size() <= max_size) std::copy(start.begin(), start.end(), data);
    if (start.size() <= max_size) size = start.size();
  }
  if (random.OneIn(16)) return LLVMFuzzerMutate(data, size, max_size);
  const std::span file(data, size);
  if (format::IsCompressed(std::as_bytes(file))) {
    format::MutateInPlace(random.OneIn(2) ? file.first(std::min<size_t>(size, 128)) : file);
    return size;
  }
  format::MutateInPlace(format::Target(file, random));
  // A forger repairs the hash, so that the checks behind it matter.
  if (!random.OneIn(8)) format::Reseal(std::as_writable_bytes(file));
  return size;
}
