// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "converter/checkpoint.h"
#include "converter/writer/aligned_buffer.h"
#include "quanta/model.h"
#include "quanta/session.h"
#include "runtime/platform/platform.h"

namespace quanta::converter {

/// One layer of a checkpoint after the other as a model of its own, in memory, in f32: so the
/// runtime itself computes what each matrix reads, whatever the architecture, with no more
/// memory than a layer takes. Its tokens are the rows that it is fed, its embedding what they
/// are.
class LayerModel {
 public:
  /// What the matrices read that have `role` (that of the first of those that share it: q, o,
  /// up, down) or, of kEmbedding, what the layer makes: x [rows, columns].
  using Observer =
      std::function<void(format::Role role, const float* x, size_t rows, size_t columns)>;

  /// `length`: rows that are fed at once, at most the checkpoint's context.
  LayerModel(std::unique_ptr<Checkpoint> checkpoint, uint32_t length);
  ~LayerModel();

  size_t layers() const { return layers_.size(); }
  const Checkpoint& checkpoint() const { return *checkpoint_; }

  /// Reads a layer's tensors; of the last also the norm that follows it. Throws Error.
  void Load(size_t layer);

  /// A tensor of the loaded layer, by its index in the checkpoint: to be read and replaced.
  std::span<float> Values(size_t tensor);

  /// Feeds x [rows <= length, hidden], positions from 0 on.
  void Run(std::span<const float> x, const Observer& observer);

 private:
  void ChooseArchitecture(size_t layer);
  void ChooseTensors(size_t layer);
  void Build();
  void Start();

  std::unique_ptr<Checkpoint> checkpoint_;  ///< its architecture is the header's
  uint32_t length_;
  Array<format::Layer> layers_;  ///< of the checkpoint, like the next two
  Array<format::Rope> ropes_;
  bool final_norm_;
  TokenizerTables no_tokenizer_;
  format::Header header_;
  std::vector<size_t> sources_;  ///< of header_.tensors from the second on: the checkpoint's
  writer::AlignedBuffer file_;
  std::vector<int32_t> ids_;  ///< 0, 1, 2 ...
  std::optional<Model> model_;
  platform::PageBlock arena_;
  std::optional<Session> session_;
};

}  // namespace quanta::converter
