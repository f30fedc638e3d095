// SPDX-License-Identifier: MIT
#include "train_host/layers/attention.h"

#include <algorithm>

#include "train_host/layers/softmax.h"
#include "train_host/math/products.h"

namespace quanta::train {
namespace {

/// Where the parts of a group begin in a row of qkv.
struct Columns {
  Columns(const AttentionShape& shape, size_t kv_head)
      : key((shape.heads + kv_head) * shape.head_dim),
        value((shape.heads + shape.kv_heads + kv_head) * shape.head_dim) {}
  size_t key, value;
};

/// body(head, segment, first query, queries) for every tile of the task.
template <class Task, class Body>
void ForTiles(const Task& task, const Body& body) {
  const size_t group = task.shape.group();
  for (size_t head = task.kv_head * group; head < (task.kv_head + 1) * group; ++head) {
    for (const Segment& segment : task.segments) {
      for (size_t q = segment.begin; q < segment.end; q += kQueryTile) {
        body(head, segment, q, std::min<size_t>(kQueryTile, segment.end - q));
      }
    }
  }
}

template <class T>
void ClearKeysAndValues(const AttentionBackTask<T>& task, const Columns& columns) {
  for (size_t t = 0; t < task.shape.length; ++t) {
    T* row = task.dqkv + t * task.shape.stride;
    std::fill_n(row + columns.key, task.shape.head_dim, T{0});
    std::fill_n(row + columns.value, task.shape.head_dim, T{0});
  }
}

}  // namespace

template <class T>
void AttentionForward(const AttentionTask<T>& task) {
  const AttentionShape& shape = task.shape;
  const Columns columns(shape, task.kv_head);
  const size_t width = shape.heads * shape.head_dim, stride = shape.stride;
  ForTiles(task, [&](size_t head, const Segment& segment, size_t q, size_t queries) {
    const size_t keys = q + queries - segment.begin;
    const T* rows = task.qkv + segment.begin * stride;
    MultiplyByTransposed<T>({.m = queries,
                             .n = keys,
                             .k = shape.head_dim,
                             .a = task.qkv + q * stride + head * shape.head_dim,
                             .a_stride = stride,
                             .b = rows + columns.key,
                             .b_stride = stride,
                             .c = task.scores,
                             .c_stride = keys,
                             .alpha = task.scale});
    CausalSoftmax(SoftmaxTask<T>{task.scores, queries, keys, keys, q - segment.begin + 1,
                                 task.log_sums + q * shape.heads + head, shape.heads});
    Multiply<T>({.m = queries,
                 .n = shape.head_dim,
                 .k = keys,
                 .a = task.scores,
                 .a_stride = keys,
                 .b = rows + columns.value,
                 .b_stride = stride,
                 .c = task.out + q * width + head * shape.head_dim,
                 .c_stride = width});
  });
}

template <class T>
void AttentionBackward(const AttentionBackTask<T>& task) {
  const AttentionShape& shape = task.shape;
  const Columns columns(shape, task.kv_head);
  const size_t width = shape.heads * shape.head_dim, stride = shape.stride, d = shape.head_dim;
  ClearKeysAndValues(task, columns);
  ForTiles(task, [&](size_t head, const Segment& segment, size_t q, size_t queries) {
    const size_t keys = q + queries - segment.begin;
    const T* rows = task.qkv + segment.begin * stride;
    const T* query = task.qkv + q * stride + head * d;
    const T* dout = task.dout + q * width + head * d;
    T* drows = task.dqkv + segment.begin * stride;
    T* p = task.scores;
    T* dp = p + kQueryTile * shape.length;
    MultiplyByTransposed<T>({.m = queries,
                             .n = keys,
                             .k = d,
                             .a = query,
                             .a_stride = stride,
                             .b = rows + columns.key,
                             .b_stride = stride,
                             .c = p,
                             .c_stride = keys,
                             .alpha = task.scale});
    MultiplyByTransposed<T>({.m = queries,
                             .n = keys,
                             .k = d,
                             .a = dout,
                             .a_stride = width,
                             .b = rows + columns.value,
                             .b_stride = stride,
                             .c = dp,
                             .c_stride = keys});
    CausalSoftmaxBackward(SoftmaxBackTask<T>{p, dp, queries, keys, keys, q - segment.begin + 1,
                                             task.log_sums + q * shape.heads + head, shape.heads,
                                             task.out + q * width + head * d, dout, width, d});
    MultiplyTransposed<T>({.m = keys,
                           .n = d,
                           .k = queries,
                           .a = p,
                           .a_stride = keys,
                           .b = dout,
                           .b_stride = width,
                           .c = drows + columns.value,
                           .c_stride = stride,
                           .beta = 1});
    Multiply<T>({.m = queries,
                 .n = d,
                 .k = keys,
                 .a = dp,
                 .a_stride = keys,
                 .b = rows + columns.key,
                 .b_stride = stride,
                 .c = task.dqkv + q * stride + head * d,
                 .c_stride = stride,
                 .alpha = task.scale});
    MultiplyTransposed<T>({.m = keys,
                           .n = d,
                           .k = queries,
                           .a = dp,
                           .a_stride = keys,
                           .b = query,
                           .b_stride = stride,
                           .c = drows + columns.key,
                           .c_stride = stride,
                           .alpha = task.scale,
                           .beta = 1});
  });
}

template void AttentionForward(const AttentionTask<float>&);
template void AttentionForward(const AttentionTask<double>&);
template void AttentionBackward(const AttentionBackTask<float>&);
template void AttentionBackward(const AttentionBackTask<double>&);

}  // namespace quanta::train
