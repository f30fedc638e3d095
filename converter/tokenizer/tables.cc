// SPDX-License-Identifier: MIT
#include "converter/tokenizer/tables.h"

#include <algorithm>

namespace quanta::converter {
namespace {

// Views of owned records: `view(record)` makes one.
template <class To, class From, class MakeView>
Result<Array<To>> Views(const std::vector<From>& records, MakeView view) {
  QUANTA_ASSIGN(auto views, Array<To>::Create(records.size()));
  std::transform(records.begin(), records.end(), views.begin(), view);
  return views;
}

}  // namespace

Result<format::Tokenizer> TokenizerTables::View() const {
  format::Tokenizer view;
  view.kind = kind;
  view.token_offsets = token_offsets;
  view.token_bytes = token_bytes;
  view.token_types = token_types;
  view.merges = merges;
  view.scores = scores;
  view.scores64 = scores64;
  view.byte_ids = byte_ids;
  view.unknown_id = unknown_id;
  view.fuse_unknown = fuse_unknown;
  view.byte_fallback = byte_fallback;
  view.ignore_merges = ignore_merges;
  QUANTA_ASSIGN(view.normalizers, Views<format::Normalizer>(normalizers, [](const Normalizer& n) {
                  return format::Normalizer{n.kind, n.a, n.b, n.left, n.right};
                }));
  QUANTA_ASSIGN(view.pre_tokenizers,
                Views<format::PreTokenizer>(pre_tokenizers, [](const PreTokenizer& p) {
                  return format::PreTokenizer{p.kind, p.a, p.behavior, p.prepend};
                }));
  QUANTA_ASSIGN(view.decoders, Views<format::Decoder>(decoders, [](const Decoder& d) {
                  return format::Decoder{d.kind, d.a, d.b, d.start, d.stop, d.prepend};
                }));
  QUANTA_ASSIGN(view.added, Views<format::AddedToken>(added, [](const AddedToken& t) {
                  return format::AddedToken{t.id,     t.content,     t.special,   t.lstrip,
                                            t.rstrip, t.single_word, t.normalized};
                }));
  view.prefix_ids = prefix_ids;
  view.suffix_ids = suffix_ids;
  view.bos_id = bos_id;
  view.stop_ids = stop_ids;
  return view;
}

}  // namespace quanta::converter
