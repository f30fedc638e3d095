// SPDX-License-Identifier: MIT
#pragma once

#include "train_host/math/products.h"

/// y = x W^T and what comes back through it; the gradient of W is made elsewhere, in tiles over
/// all rows. Rows follow one another in every matrix.
namespace quanta::train {

template <class T>
struct LinearTask {
  size_t rows, in, out;
  const T* from;  ///< forward: x [rows, in]; backward: dy [rows, out]
  const T* w;     ///< [out, in]
  T* to;          ///< forward: y [rows, out]; backward: dx [rows, in]
};

template <class T>
void LinearForward(const LinearTask<T>& task) {
  MultiplyByTransposed<T>({.m = task.rows,
                           .n = task.out,
                           .k = task.in,
                           .a = task.from,
                           .a_stride = task.in,
                           .b = task.w,
                           .b_stride = task.in,
                           .c = task.to,
                           .c_stride = task.out});
}

template <class T>
void LinearBackward(const LinearTask<T>& task) {
  Multiply<T>({.m = task.rows,
               .n = task.in,
               .k = task.out,
               .a = task.from,
               .a_stride = task.out,
               .b = task.w,
               .b_stride = task.in,
               .c = task.to,
               .c_stride = task.in});
}

}  // namespace quanta::train
