// SPDX-License-Identifier: MIT
#include "train_host/math/products.h"

#include <cblas.h>

#include "train_host/math/blas.h"

namespace quanta::train {
namespace {

void Call(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const Product<float>& p) {
  PrepareBlas();
  cblas_sgemm(CblasRowMajor, ta, tb, static_cast<blasint>(p.m), static_cast<blasint>(p.n),
              static_cast<blasint>(p.k), p.alpha, p.a, static_cast<blasint>(p.a_stride), p.b,
              static_cast<blasint>(p.b_stride), p.beta, p.c, static_cast<blasint>(p.c_stride));
}

void Call(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, const Product<double>& p) {
  PrepareBlas();
  cblas_dgemm(CblasRowMajor, ta, tb, static_cast<blasint>(p.m), static_cast<blasint>(p.n),
              static_cast<blasint>(p.k), p.alpha, p.a, static_cast<blasint>(p.a_stride), p.b,
              static_cast<blasint>(p.b_stride), p.beta, p.c, static_cast<blasint>(p.c_stride));
}

}  // namespace

template <class T>
void MultiplyByTransposed(const Product<T>& p) {
  Call(CblasNoTrans, CblasTrans, p);
}

template <class T>
void Multiply(const Product<T>& p) {
  Call(CblasNoTrans, CblasNoTrans, p);
}

template <class T>
void MultiplyTransposed(const Product<T>& p) {
  Call(CblasTrans, CblasNoTrans, p);
}

template void MultiplyByTransposed(const Product<float>&);
template void MultiplyByTransposed(const Product<double>&);
template void Multiply(const Product<float>&);
template void Multiply(const Product<double>&);
template void MultiplyTransposed(const Product<float>&);
template void MultiplyTransposed(const Product<double>&);

}  // namespace quanta::train
