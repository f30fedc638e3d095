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

TokenizerTables NoTokenizer() {
  TokenizerTables tables;
  tables.token_offsets = {0, 0};
  tables.token_types = {format::TokenType::kUnused};
  tables.byte_ids.assign(256, -1);
  return tables;
}

TokenizerTables OwnTables(const format::Tokenizer& view) {
  TokenizerTables tables;
  const auto copy = [](const auto& from, auto* to) { to->assign(from.begin(), from.end()); };
  const auto text = [](std::string_view from) { return std::string(from); };
  tables.kind = view.kind;
  copy(view.token_offsets, &tables.token_offsets);
  copy(view.token_bytes, &tables.token_bytes);
  copy(view.token_types, &tables.token_types);
  copy(view.merges, &tables.merges);
  copy(view.scores, &tables.scores);
  copy(view.scores64, &tables.scores64);
  copy(view.byte_ids, &tables.byte_ids);
  tables.unknown_id = view.unknown_id;
  tables.fuse_unknown = view.fuse_unknown;
  tables.byte_fallback = view.byte_fallback;
  tables.ignore_merges = view.ignore_merges;
  for (const format::Normalizer& n : view.normalizers) {
    tables.normalizers.push_back({n.kind, text(n.a), text(n.b), n.left, n.right});
  }
  for (const format::PreTokenizer& p : view.pre_tokenizers) {
    tables.pre_tokenizers.push_back({p.kind, text(p.a), p.behavior, p.prepend});
  }
  for (const format::Decoder& d : view.decoders) {
    tables.decoders.push_back({d.kind, text(d.a), text(d.b), d.start, d.stop, d.prepend});
  }
  for (const format::AddedToken& t : view.added) {
    tables.added.push_back(
        {t.id, text(t.content), t.special, t.lstrip, t.rstrip, t.single_word, t.normalized});
  }
  copy(view.prefix_ids, &tables.prefix_ids);
  copy(view.suffix_ids, &tables.suffix_ids);
  tables.bos_id = view.bos_id;
  copy(view.stop_ids, &tables.stop_ids);
  return tables;
}

}  // namespace quanta::converter
