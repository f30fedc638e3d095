// SPDX-License-Identifier: MIT
#include "train_host/data/packing.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <utility>

#include "train_host/math/random.h"

namespace quanta::train {
namespace {

/// Documents that are looked through for one that fills a gap.
constexpr size_t kLookAhead = 256;

std::vector<uint32_t> Order(size_t documents, bool shuffle, uint64_t seed) {
  std::vector<uint32_t> order(documents);
  std::iota(order.begin(), order.end(), 0u);
  if (!shuffle) return order;
  for (size_t i = documents; i > 1; --i) std::swap(order[i - 1], order[Below(seed, i, i)]);
  return order;
}

class Packer {
 public:
  explicit Packer(size_t length) : length_(length), room_(length) {}

  size_t room() const { return room_; }

  /// As much of the span as there is room for; takes that off it.
  void Put(Span* span) {
    const auto count = static_cast<uint32_t>(std::min<size_t>(span->count, room_));
    plan_.spans.push_back({span->begin, count});
    span->begin += count;
    span->count -= count;
    room_ -= count;
    if (room_ == 0) CloseRow();
  }
  void PutAll(Span span) {
    while (span.count > 0) Put(&span);
  }
  void CloseRow() {
    if (room_ == length_) return;
    plan_.rows.push_back(plan_.spans.size());
    room_ = length_;
  }
  EpochPlan Finish() {
    CloseRow();
    return std::move(plan_);
  }

 private:
  const size_t length_;
  size_t room_;
  EpochPlan plan_;
};

/// The longest waiting span that fits, or none.
std::deque<Span>::iterator Fitting(std::deque<Span>& waiting, size_t room) {
  auto best = waiting.end();
  for (auto it = waiting.begin(); it != waiting.end(); ++it) {
    if (it->count <= room && (best == waiting.end() || it->count > best->count)) best = it;
  }
  return best;
}

EpochPlan PackWhole(const std::vector<Span>& spans, size_t length) {
  Packer packer(length);
  std::deque<Span> waiting;
  size_t next = 0;
  while (next < spans.size() || !waiting.empty()) {
    while (next < spans.size() && waiting.size() < kLookAhead) waiting.push_back(spans[next++]);
    if (packer.room() == length) {  // a new row: the one that has waited longest
      packer.PutAll(waiting.front());
      waiting.pop_front();
      continue;
    }
    const auto it = Fitting(waiting, packer.room());
    if (it == waiting.end()) {
      packer.CloseRow();
      continue;
    }
    packer.PutAll(*it);
    waiting.erase(it);
  }
  return packer.Finish();
}

}  // namespace

EpochPlan PlanEpoch(const TokenFile& file, size_t length, Packing packing, bool shuffle,
                    uint64_t seed) {
  std::vector<Span> spans;
  for (const uint32_t document : Order(file.documents(), shuffle, seed)) {
    const size_t tokens = file.document(document).size();
    if (tokens >= 2) spans.push_back({file.begin(document), static_cast<uint32_t>(tokens - 1)});
  }
  if (packing == Packing::kWhole) return PackWhole(spans, length);
  Packer packer(length);
  for (const Span& span : spans) packer.PutAll(span);
  return packer.Finish();
}

BatchReader::BatchReader(const TokenFile& file, const Options& options)
    : file_(file), options_(options) {
  Plan();
}

void BatchReader::Plan() {
  plan_ = PlanEpoch(file_, options_.length, options_.packing, options_.shuffle,
                    Seed(options_.seed, position_.epoch));
}

void BatchReader::Seek(const DataPosition& position) {
  const bool same_pass = position.epoch == position_.epoch;
  position_ = position;
  if (!same_pass) Plan();
}

namespace {

void Clear(size_t length, Batch* batch) {
  batch->rows = 0;
  batch->length = length;
  batch->ids.clear();
  batch->targets.clear();
  batch->positions.clear();
  batch->segments.clear();
  batch->row_segments.assign(1, 0);
  batch->target_count = 0;
}

}  // namespace

void BatchReader::Next(Batch* batch) {
  Clear(options_.length, batch);
  while (batch->rows < options_.rows) {
    if (position_.row >= plan_.count()) {
      position_ = {position_.epoch + 1, 0};
      Plan();
    }
    Append(plan_.row(position_.row++), batch);
  }
}

bool BatchReader::NextOfPass(Batch* batch) {
  Clear(options_.length, batch);
  while (batch->rows < options_.rows && position_.row < plan_.count()) {
    Append(plan_.row(position_.row++), batch);
  }
  return batch->rows > 0;
}

void BatchReader::Append(std::span<const Span> row, Batch* batch) const {
  const std::span<const uint32_t> tokens = file_.all();
  uint32_t at = 0;
  for (const Span& span : row) {
    for (uint32_t i = 0; i < span.count; ++i) {
      const uint32_t target = tokens[span.begin + i + 1];
      const bool learn = (target & TokenFile::kNotLearned) == 0;
      batch->ids.push_back(static_cast<int32_t>(tokens[span.begin + i] & ~TokenFile::kNotLearned));
      batch->targets.push_back(learn ? static_cast<int32_t>(target) : -1);
      batch->positions.push_back(static_cast<int32_t>(i));
      batch->target_count += learn;
    }
    batch->segments.push_back({at, at + span.count});
    at += span.count;
  }
  // What is left of the row is a document of its own that nothing learns from, in pieces of
  // one token: they cost attention nothing.
  for (; at < options_.length; ++at) {
    batch->ids.push_back(0);
    batch->targets.push_back(-1);
    batch->positions.push_back(0);
    batch->segments.push_back({at, at + 1});
  }
  batch->row_segments.push_back(batch->segments.size());
  ++batch->rows;
}

}  // namespace quanta::train
