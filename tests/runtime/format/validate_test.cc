// SPDX-License-Identifier: MIT
//
// One corrupted header per rule, each with a matching hash, so that the check itself
// is reached.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>

#include "runtime/format/limits.h"
#include "runtime/format/reader.h"
#include "tests/runtime/format/sample_model.h"

namespace quanta::format {
namespace {

using testing::HasSubstr;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct Rule {
  const char* says;
  void (*spoil)(Header&);
};

void ExpectRefused(std::span<const Rule> rules) {
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto file = SampleModel::Spoiled(rules[i].spoil);
    ErrorDetail detail;
    EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt) << "rule " << i;
    EXPECT_THAT(detail.text(), HasSubstr(rules[i].says)) << "rule " << i;
  }
}

void ExpectAccepted(void (*change)(Header&)) {
  const auto file = SampleModel::Spoiled(change);
  ErrorDetail detail;
  EXPECT_TRUE(Read(file.bytes(), &detail).ok()) << detail.text();
}

template <class T>
Array<T> MakeArray(size_t count) {
  return std::move(Array<T>::Create(count)).value();
}

template <class T>
std::span<const T> Copy(std::span<const T> values, std::vector<T>* storage) {
  storage->assign(values.begin(), values.end());
  return *storage;
}

Tensor& Find(Header& h, Role role, int layer = -1) {
  for (Tensor& tensor : h.tensors) {
    if (tensor.role == role && tensor.layer == layer) return tensor;
  }
  QUANTA_CHECK(false);
}

void Remove(Header& h, Role role, int layer = -1) {
  auto rest = MakeArray<Tensor>(h.tensors.size() - 1);
  size_t next = 0;
  for (const Tensor& tensor : h.tensors) {
    if (tensor.role != role || tensor.layer != layer) rest[next++] = tensor;
  }
  h.tensors = std::move(rest);
}

TEST(Validate, Architecture) {
  const Rule kRules[] = {
      {"vocab is 0", [](Header& h) { h.architecture.vocab = 0; }},
      {"vocab is 4294967295", [](Header& h) { h.architecture.vocab = UINT32_MAX; }},
      {"hidden is 0", [](Header& h) { h.architecture.hidden = 0; }},
      {"hidden is", [](Header& h) { h.architecture.hidden = kMaxWidth + 1; }},
      {"heads is 0", [](Header& h) { h.architecture.heads = 0; }},
      {"kv_heads is 0", [](Header& h) { h.architecture.kv_heads = 0; }},
      {"kv_heads is 3", [](Header& h) { h.architecture.kv_heads = 3; }},
      {"heads (3) is not a multiple of kv_heads (2)",
       [](Header& h) {
         h.architecture.heads = 3;
         h.architecture.kv_heads = 2;
       }},
      {"head_dim is 0", [](Header& h) { h.architecture.head_dim = 0; }},
      {"head_dim is 16777216",
       [](Header& h) { h.architecture.head_dim = kMaxWidth; }},  // times 2 heads
      {"ffn is 0", [](Header& h) { h.architecture.ffn = 0; }},
      {"context is 0", [](Header& h) { h.architecture.context = 0; }},
      {"context is", [](Header& h) { h.architecture.context = kMaxContext + 1; }},
      {"layers is 0",
       [](Header& h) {
         h.architecture.layers = {};
         h.architecture.ropes = {};
       }},
      {"norm: unknown value", [](Header& h) { h.architecture.norm = static_cast<NormKind>(2); }},
      {"norm_placement: unknown value",
       [](Header& h) { h.architecture.norm_placement = static_cast<NormPlacement>(3); }},
      {"activation: unknown value",
       [](Header& h) { h.architecture.activation = static_cast<Activation>(4); }},
      {"norm_eps is 0", [](Header& h) { h.architecture.norm_eps = 0; }},
      {"norm_eps is nan", [](Header& h) { h.architecture.norm_eps = kNaN; }},
      {"attention_scale is 0", [](Header& h) { h.architecture.attention_scale = 0; }},
      {"attention_scale is inf", [](Header& h) { h.architecture.attention_scale = kInfinity; }},
      {"attention_softcap is -1", [](Header& h) { h.architecture.attention_softcap = -1; }},
      {"logit_softcap is nan", [](Header& h) { h.architecture.logit_softcap = kNaN; }},
      {"embedding_scale is 0", [](Header& h) { h.architecture.embedding_scale = 0; }},
      {"residual_scale is -1", [](Header& h) { h.architecture.residual_scale = -1; }},
      {"logit_scale is nan", [](Header& h) { h.architecture.logit_scale = kNaN; }},
      {"family: not UTF-8", [](Header& h) { h.architecture.family = "\xFF"; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, Ropes) {
  static constexpr float kTooMany[] = {1, 1, 1};
  static constexpr float kNotFinite[] = {1, kNaN};
  static constexpr float kNegative[] = {-1, 1};
  const Rule kRules[] = {
      {"rope is 1, there are 1 ropes", [](Header& h) { h.architecture.layers[1].rope = 1; }},
      {"rope is -2", [](Header& h) { h.architecture.layers[1].rope = -2; }},
      {"has 3 frequencies", [](Header& h) { h.architecture.ropes[0].inv_freq = kTooMany; }},
      {"has 0 frequencies", [](Header& h) { h.architecture.ropes[0].inv_freq = {}; }},
      {"inv_freq[1] is nan", [](Header& h) { h.architecture.ropes[0].inv_freq = kNotFinite; }},
      {"inv_freq[0] is -1", [](Header& h) { h.architecture.ropes[0].inv_freq = kNegative; }},
      {"magnitude is 0", [](Header& h) { h.architecture.ropes[0].magnitude = 0; }},
      {"pairing: unknown value",
       [](Header& h) { h.architecture.ropes[0].pairing = static_cast<RopePairing>(2); }},
      {"architecture.ropes: 3 entries, at most 2",
       [](Header& h) { h.architecture.ropes = MakeArray<Rope>(3); }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, TensorValues) {
  const Rule kRules[] = {
      {"role: unknown value", [](Header& h) { h.tensors[0].role = static_cast<Role>(kRoles); }},
      {"panel: unknown value", [](Header& h) { h.tensors[0].panel = static_cast<Panel>(4); }},
      {"tensors[0].name: not UTF-8", [](Header& h) { h.tensors[0].name = "\xC3("; }},
      {"tensors[1].name: 600 bytes",
       [](Header& h) {
         static const std::string kLong(600, 'n');
         h.tensors[1].name = kLong;
       }},
      {"source_dtype: not UTF-8", [](Header& h) { h.tensors[0].source_dtype = "\x80"; }},
      {"stated errors", [](Header& h) { h.tensors[0].error_rms = kNaN; }},
      {"stated errors", [](Header& h) { h.tensors[0].error_max = -1; }},
      {"offset 32 is not a multiple", [](Header& h) { h.tensors[0].offset = 32; }},
      {"bytes, f16 of [264, 8] takes", [](Header& h) { h.tensors[0].bytes -= 1; }},
      {"end after the data", [](Header& h) { h.tensors[0].offset = h.data_bytes; }},
      {"end after the data",
       [](Header& h) { h.tensors[0].offset = UINT64_MAX - 63; }},  // wraps around
      {"overlaps tensors[", [](Header& h) { h.tensors[1].offset = h.tensors[0].offset; }},
      {"overlaps tensors[0]", [](Header& h) { h.tensors[1].offset = 64; }},
      {"q8 of 65537 columns", [](Header& h) { Find(h, Role::kO, 0).columns = 65537; }},
      {"q_bias is stored as f16", [](Header& h) { Find(h, Role::kQBias, 0).panel = Panel::kF16; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, TensorNamesTheTensorInItsError) {
  const auto file = SampleModel::Spoiled([](Header& h) { Find(h, Role::kQ, 1).rows = 9; });
  ErrorDetail detail;
  EXPECT_FALSE(Read(file.bytes(), &detail).ok());
  EXPECT_THAT(detail.text(),
              HasSubstr("'source.q.1': q is [9, 8], the architecture implies [8, 8]"));
}

TEST(Validate, EveryTensorHasTheShapeThatTheArchitectureImplies) {
  const SampleModel sample;
  for (size_t i = 0; i < sample.header.tensors.size(); ++i) {
    for (const bool rows : {true, false}) {
      const auto file = SampleModel::Spoiled([&](Header& h) {
        uint32_t& size = rows ? h.tensors[i].rows : h.tensors[i].columns;
        size -= 1;
      });
      ErrorDetail detail;
      EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt) << i;
      EXPECT_THAT(detail.text(), HasSubstr("the architecture implies")) << i;
    }
  }
}

TEST(Validate, EveryRequiredTensorIsMissedAndEveryOptionalOneIsNot) {
  const uint32_t optional = [] {
    uint32_t set = 0;
    for (const Role role :
         {Role::kPosition, Role::kHead, Role::kHeadBias, Role::kFinalNormBias,
          Role::kAttentionNormBias, Role::kQBias, Role::kKBias, Role::kVBias, Role::kQNorm,
          Role::kKNorm, Role::kOBias, Role::kAttentionPostNormBias, Role::kFfnNormBias,
          Role::kGateBias, Role::kUpBias, Role::kDownBias, Role::kFfnPostNormBias}) {
      set |= 1u << static_cast<uint32_t>(role);
    }
    return set;
  }();
  const SampleModel sample;
  for (const Tensor& tensor : sample.header.tensors) {
    const auto file =
        SampleModel::Spoiled([&](Header& h) { Remove(h, tensor.role, tensor.layer); });
    ErrorDetail detail;
    const bool ok = Read(file.bytes(), &detail).ok();
    EXPECT_EQ(ok, (optional >> static_cast<uint32_t>(tensor.role) & 1) != 0) << tensor.name;
    if (ok) continue;
    EXPECT_EQ(std::string(detail.text()), std::string("tensor ") + RoleName(tensor.role) +
                                              " of layer " + std::to_string(tensor.layer) +
                                              " is missing");
  }
}

TEST(Validate, TensorRolesFollowTheArchitecture) {
  const Rule kRules[] = {
      {"tensor gate of layer 0 has no use", [](Header& h) { h.architecture.gated = false; }},
      {"tensor final_norm of layer -1 has no use",
       [](Header& h) { h.architecture.final_norm = false; }},
      {"tensor attention_post_norm of layer 0 has no use",
       [](Header& h) { h.architecture.norm_placement = NormPlacement::kPre; }},
      {"tensor attention_norm of layer 0 has no use",
       [](Header& h) { h.architecture.norm_placement = NormPlacement::kPost; }},
      {"tensor gate_bias of layer 1 has no use",
       [](Header& h) {
         h.architecture.gated = false;
         Remove(h, Role::kGate, 0);
         Remove(h, Role::kGateBias, 0);
         Remove(h, Role::kGate, 1);
       }},
      {"tensor attention_norm of layer 2 is missing",
       [](Header& h) { h.architecture.layers = MakeArray<Layer>(3); }},
      {"cannot be in layer 1",
       [](Header& h) {
         h.architecture.layers = MakeArray<Layer>(1);
         h.architecture.layers[0].rope = 0;
       }},
      {"cannot be in layer -1", [](Header& h) { Find(h, Role::kQ, 1).layer = -1; }},
      {"cannot be in layer -2", [](Header& h) { Find(h, Role::kQ, 1).layer = -2; }},
      {"cannot be in layer 0", [](Header& h) { Find(h, Role::kEmbedding).layer = 0; }},
      {"a second q of layer 0", [](Header& h) { Find(h, Role::kQ, 1).layer = 0; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, APlainPreNormModelNeedsNoPostNorms) {
  ExpectAccepted([](Header& h) {
    h.architecture.norm_placement = NormPlacement::kPre;
    for (const int layer : {0, 1}) {
      Remove(h, Role::kAttentionPostNorm, layer);
      Remove(h, Role::kAttentionPostNormBias, layer);
      Remove(h, Role::kFfnPostNorm, layer);
      Remove(h, Role::kFfnPostNormBias, layer);
    }
  });
}

TEST(Validate, Data) {
  static const Hash256 kOne[1] = {};
  const Rule kRules[] = {
      {"data_offset", [](Header& h) { h.data_offset += 32; }},
      {"data_offset", [](Header& h) { h.data_offset = 0; }},
      {"data_offset", [](Header& h) { h.data_offset += uint64_t{kMaxGapBytes} + 64; }},
      {"data_bytes", [](Header& h) { h.data_bytes = UINT64_MAX; }},
      {"follow the end", [](Header& h) { h.data_bytes -= 64; }},
      {"truncated", [](Header& h) { h.data_bytes += 64; }},
      {"chunk_bytes is 0", [](Header& h) { h.chunk_bytes = 0; }},
      {"chunk_bytes is 100", [](Header& h) { h.chunk_bytes = 100; }},
      {"chunk_bytes", [](Header& h) { h.chunk_bytes = kMaxChunkBytes + 64; }},
      {"chunk hashes", [](Header& h) { h.chunk_bytes *= 2; }},
      {"chunk hashes", [](Header& h) { h.chunk_hashes = kOne; }},
      {"chunk hashes", [](Header& h) { h.chunk_hashes = {}; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, BytesBetweenSealAndDataAreZero) {
  const SampleModel sample;
  auto file = sample.File();
  file.bytes()[static_cast<size_t>(sample.header.data_offset) - 1] = std::byte{1};
  ErrorDetail detail;
  EXPECT_EQ(Read(file.bytes(), &detail).status().code(), Code::kCorrupt);
  EXPECT_THAT(detail.text(), HasSubstr("between seal and data"));
}

TEST(Validate, Tokens) {
  static std::vector<uint32_t> offsets;
  static std::vector<TokenType> types;
  const Rule kRules[] = {
      {"tokenizer has 260 tokens, the model 200",
       [](Header& h) {
         // As if only the tokenizer were wrong: its model's tensors shrink with it.
         h.architecture.vocab = 200;
         for (const Role role : {Role::kEmbedding, Role::kHead, Role::kHeadBias}) {
           Tensor& tensor = Find(h, role);
           (role == Role::kHeadBias ? tensor.columns : tensor.rows) = 200;
           tensor.bytes = PanelBytes(tensor.panel, tensor.rows, tensor.columns);
         }
       }},
      {"token_offsets has 260 entries",
       [](Header& h) { h.tokenizer.token_offsets = h.tokenizer.token_offsets.first(260); }},
      {"token_offsets span [1,",
       [](Header& h) {
         h.tokenizer.token_offsets = Copy(h.tokenizer.token_offsets, &offsets);
         offsets[0] = 1;
       }},
      {"there are 260 bytes",
       [](Header& h) { h.tokenizer.token_bytes = h.tokenizer.token_bytes.first(260); }},
      {"token 9 spans [9, 8]",
       [](Header& h) {
         h.tokenizer.token_offsets = Copy(h.tokenizer.token_offsets, &offsets);
         offsets[10] = 8;
       }},
      {"token_types: unknown value 6",
       [](Header& h) {
         h.tokenizer.token_types = Copy(h.tokenizer.token_types, &types);
         types[5] = static_cast<TokenType>(6);
       }},
      {"kind: unknown value", [](Header& h) { h.tokenizer.kind = static_cast<TokenizerKind>(4); }},
      {"token_types: 0 tokens", [](Header& h) { h.tokenizer.token_types = {}; }},
      {"token_types: 0 tokens",
       [](Header& h) {  // Its ids would go unchecked if this passed for no tokenizer.
         h.tokenizer.token_types = {};
         h.tokenizer.token_offsets = {};
       }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, ATokenizerMayBeSmallerThanThePaddedEmbedding) {
  ExpectAccepted([](Header& h) { QUANTA_CHECK(h.tokenizer.vocab() < h.architecture.vocab); });
}

TEST(Validate, Merges) {
  static constexpr Merge kLeft[] = {{260, 'e', 256}};
  static constexpr Merge kRight[] = {{'h', 260, 256}};
  static constexpr Merge kResult[] = {{'h', 'e', UINT32_MAX}};
  static constexpr Merge kOtherText[] = {{'h', 'a', 256}};
  static constexpr Merge kOtherLength[] = {{'h', 'e', 258}};
  const Rule kRules[] = {
      {"merges[0]: 260 + 101", [](Header& h) { h.tokenizer.merges = kLeft; }},
      {"merges[0]: 104 + 260", [](Header& h) { h.tokenizer.merges = kRight; }},
      {"make 4294967295", [](Header& h) { h.tokenizer.merges = kResult; }},
      {"does not make 256", [](Header& h) { h.tokenizer.merges = kOtherText; }},
      {"does not make 258", [](Header& h) { h.tokenizer.merges = kOtherLength; }},
      {"a kind without", [](Header& h) { h.tokenizer.kind = TokenizerKind::kWhitespace; }},
      {"does not make 256",
       [](Header& h) {
         h.tokenizer.kind = TokenizerKind::kSpmBpe;
         h.tokenizer.merges = kOtherText;
       }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, TokenizerIds) {
  static std::vector<int32_t> byte_ids;
  static constexpr int32_t kTooLarge[] = {260};
  static constexpr int32_t kNegative[] = {-1};
  static const std::vector<int32_t> kTooMany(kMaxFrameIds + 1, 1);
  const Rule kRules[] = {
      {"unknown_id is 260", [](Header& h) { h.tokenizer.unknown_id = 260; }},
      {"unknown_id is -2", [](Header& h) { h.tokenizer.unknown_id = -2; }},
      {"bos_id is 260", [](Header& h) { h.tokenizer.bos_id = 260; }},
      {"prefix_ids holds 260", [](Header& h) { h.tokenizer.prefix_ids = kTooLarge; }},
      {"suffix_ids holds -1", [](Header& h) { h.tokenizer.suffix_ids = kNegative; }},
      {"stop_ids holds 260", [](Header& h) { h.tokenizer.stop_ids = kTooLarge; }},
      {"prefix_ids has 1025 entries", [](Header& h) { h.tokenizer.prefix_ids = kTooMany; }},
      {"byte_ids has 0 entries", [](Header& h) { h.tokenizer.byte_ids = {}; }},
      {"byte_ids has 255 entries",
       [](Header& h) { h.tokenizer.byte_ids = h.tokenizer.byte_ids.first(255); }},
      {"byte_ids is 260",
       [](Header& h) {
         h.tokenizer.byte_ids = Copy(h.tokenizer.byte_ids, &byte_ids);
         byte_ids[255] = 260;
       }},
      {"byte_ids[65]: token 66 is not that byte",
       [](Header& h) {
         h.tokenizer.byte_ids = Copy(h.tokenizer.byte_ids, &byte_ids);
         byte_ids[65] = 66;
       }},
      {"added[0]: id 260", [](Header& h) { h.tokenizer.added[0].id = 260; }},
      {"added[0]: id 259, 0 bytes", [](Header& h) { h.tokenizer.added[0].content = ""; }},
      {"tokenizer.added: 261 entries, at most 260",
       [](Header& h) { h.tokenizer.added = MakeArray<AddedToken>(261); }},
      {"added[0].content: not UTF-8", [](Header& h) { h.tokenizer.added[0].content = "\xFE"; }},
  };
  ExpectRefused(kRules);
}

// A unigram model of the sample's tokens, all of them text.
void MakeUnigram(Header& h) {
  static const std::vector<uint8_t> kText(h.tokenizer.token_bytes.size(), 'x');
  static const std::vector<float> kScores(260, -1.0f);
  h.tokenizer.kind = TokenizerKind::kUnigram;
  h.tokenizer.merges = {};
  h.tokenizer.token_bytes = kText;
  h.tokenizer.unknown_id = 0;
  h.tokenizer.scores = kScores;
}

TEST(Validate, Scores) {
  static const std::vector<float> kScores(261, -1.0f);
  static const std::vector<float> kNotFinite(260, kNaN);
  static const std::vector<double> kDoubles(260, -0.1);
  static const std::vector<double> kInfinite(260, -INFINITY);
  const Rule kRules[] = {
      {"scores has 261 entries, scores64 0, expected none",
       [](Header& h) { h.tokenizer.scores = kScores; }},
      {"scores has 0 entries, scores64 260, expected none",
       [](Header& h) { h.tokenizer.scores64 = kDoubles; }},
      {"scores has 0 entries, scores64 0, expected some in one of them",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores = {};
       }},
      {"scores has 260 entries, scores64 260, expected some in one of them",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores64 = kDoubles;
       }},
      {"scores has 261 entries for 260 tokens",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores = kScores;
       }},
      {"unknown_id is -1, there are 260 words",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.unknown_id = -1;
       }},
      {"unknown_id is 5, there are 5 words",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores = h.tokenizer.scores.first(5);
         h.tokenizer.unknown_id = 5;
       }},
      {"scores[0] is nan",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores = kNotFinite;
       }},
      {"scores64[0] is -inf",
       [](Header& h) {
         MakeUnigram(h);
         h.tokenizer.scores = {};
         h.tokenizer.scores64 = kInfinite;
       }},
  };
  ExpectRefused(kRules);
  ExpectAccepted(MakeUnigram);
  ExpectAccepted([](Header& h) {
    MakeUnigram(h);
    h.tokenizer.scores = {};
    h.tokenizer.scores64 = kDoubles;
  });
  ExpectAccepted([](Header& h) {
    MakeUnigram(h);
    h.tokenizer.scores = h.tokenizer.scores.first(5);
  });
}

// Nothing in it needs a newer reader.
void MakeUnigramOfVersion1(Header& h) {
  h.chat_template = ChatTemplate();
  h.architecture.norm_eps_outside = false;
  h.reader_version = 1;
  MakeUnigram(h);
}

TEST(Validate, DoublesAsScoresNeedAReaderOfVersion2) {
  static const std::vector<double> kDoubles(260, -0.1);
  ExpectAccepted(MakeUnigramOfVersion1);
  const Rule kRules[] = {
      {"reader_version is 1, the file uses what version 2",
       [](Header& h) {
         MakeUnigramOfVersion1(h);
         h.tokenizer.scores = {};
         h.tokenizer.scores64 = kDoubles;
       }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, OnlyByteLevelTokensMayBeNoText) {
  const Rule kRules[] = {
      {"token 128 is not UTF-8", [](Header& h) { h.tokenizer.kind = TokenizerKind::kSpmBpe; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, TextSteps) {
  static const std::string kLong(kMaxPieceBytes + 1, 'x');
  const Rule kRules[] = {
      {"normalizers[0].kind: unknown value",
       [](Header& h) { h.tokenizer.normalizers[0].kind = static_cast<NormalizerKind>(9); }},
      {"normalizers[0] has no text", [](Header& h) { h.tokenizer.normalizers[0].a = ""; }},
      {"normalizers[0].b: 1025 bytes", [](Header& h) { h.tokenizer.normalizers[0].b = kLong; }},
      {"tokenizer.normalizers: 17 entries, at most 16",
       [](Header& h) { h.tokenizer.normalizers = MakeArray<Normalizer>(17); }},
      {"pre_tokenizers[0].kind: unknown value",
       [](Header& h) { h.tokenizer.pre_tokenizers[0].kind = static_cast<PreTokenizerKind>(99); }},
      {"behavior: unknown value",
       [](Header& h) { h.tokenizer.pre_tokenizers[0].behavior = static_cast<SplitBehavior>(5); }},
      {"pre_tokenizers[0] has no text", [](Header& h) { h.tokenizer.pre_tokenizers[0].a = ""; }},
      {"pre_tokenizers[0].prepend is 3",
       [](Header& h) { h.tokenizer.pre_tokenizers[0].prepend = 3; }},
      {"pre_tokenizers[0]: byte_words must be byte_bpe's last",
       [](Header& h) {
         h.tokenizer.pre_tokenizers = MakeArray<PreTokenizer>(2);
         h.tokenizer.pre_tokenizers[0].kind = PreTokenizerKind::kByteWords;
       }},
      {"pre_tokenizers[0]: byte_words must be byte_bpe's last",
       [](Header& h) {
         h.tokenizer.kind = TokenizerKind::kSpmBpe;
         h.tokenizer.pre_tokenizers[0].kind = PreTokenizerKind::kByteWords;
       }},
      {"tokenizer.pre_tokenizers: 17 entries, at most 16",
       [](Header& h) { h.tokenizer.pre_tokenizers = MakeArray<PreTokenizer>(17); }},
      {"decoders[0].kind: unknown value",
       [](Header& h) { h.tokenizer.decoders[0].kind = static_cast<DecoderKind>(6); }},
      {"decoders[0] has no text", [](Header& h) { h.tokenizer.decoders[0].a = ""; }},
      {"decoders[0] has no text",
       [](Header& h) {
         h.tokenizer.decoders[0].kind = DecoderKind::kStrip;
         h.tokenizer.decoders[0].a = "";
       }},
      {"decoders[0].prepend is 3", [](Header& h) { h.tokenizer.decoders[0].prepend = 3; }},
      {"tokenizer.decoders: 17 entries, at most 16",
       [](Header& h) { h.tokenizer.decoders = MakeArray<Decoder>(17); }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, ChatTemplate) {
  const Rule kRules[] = {
      {"rules[0].kind: unknown value",
       [](Header& h) { h.chat_template.rules[0].kind = static_cast<ChatRuleKind>(99); }},
      {"rules[0].role: unknown value",
       [](Header& h) { h.chat_template.rules[0].role = static_cast<ChatRole>(3); }},
      {"rules[1].prefix: not UTF-8",
       [](Header& h) { h.chat_template.rules[1].prefix = "\xE2\x82"; }},
      {"rules[1].suffix: not UTF-8", [](Header& h) { h.chat_template.rules[1].suffix = "\x80"; }},
      {"rules[1].middle: not UTF-8", [](Header& h) { h.chat_template.rules[1].middle = "\x80"; }},
      {"rules[1].part: unknown value 9",
       [](Header& h) { h.chat_template.rules[1].part = static_cast<ChatPart>(9); }},
      {"chat_template.date_mark: 65 bytes",
       [](Header& h) {
         h.chat_template.date_mark =
             "12345678901234567890123456789012345678901234567890123456789012345";
       }},
      {"thought_close: not UTF-8", [](Header& h) { h.chat_template.thought_close = "\x80"; }},
      {"source: not UTF-8", [](Header& h) { h.chat_template.source = "\xED\xA0\x80"; }},
      {"chat_template.rules: 257 entries",
       [](Header& h) { h.chat_template.rules = MakeArray<ChatRule>(257); }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, SelfTest) {
  static constexpr int32_t kOutside[] = {264};
  static constexpr int32_t kNegative[] = {1, 2, -1};
  static constexpr float kBadMargins[] = {0, -1, 0};
  static constexpr float kTwoMargins[] = {0, 1};
  static const std::vector<int32_t> kLong(62, 1);
  const Rule kRules[] = {
      {"ids holds 264", [](Header& h) { h.self_test.ids = kOutside; }},
      {"expected holds -1", [](Header& h) { h.self_test.expected = kNegative; }},
      {"0 ids", [](Header& h) { h.self_test.ids = {}; }},
      {"0 expected", [](Header& h) { h.self_test.expected = {}; }},
      {"2 margins", [](Header& h) { h.self_test.margins = kTwoMargins; }},
      {"margins is -1", [](Header& h) { h.self_test.margins = kBadMargins; }},
      {"tolerance is nan", [](Header& h) { h.self_test.tolerance = kNaN; }},
      {"prompt: not UTF-8", [](Header& h) { h.self_test.prompt = "\xC0\x80"; }},
      {"takes 65 positions", [](Header& h) { h.self_test.ids = kLong; }},
  };
  ExpectRefused(kRules);
}

TEST(Validate, ProvenanceIsText) {
  const Rule kRules[] = {
      {"provenance.source: not UTF-8", [](Header& h) { h.provenance.source = "\x80"; }},
      {"provenance.license: not UTF-8", [](Header& h) { h.provenance.license = "\x80"; }},
  };
  ExpectRefused(kRules);
}

}  // namespace
}  // namespace quanta::format
