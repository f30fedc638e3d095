// SPDX-License-Identifier: MIT
//
// Elementary functions on vectors. The polynomials interpolate at Chebyshev nodes;
// the errors stated are the largest measured, relative, with and without FMA. NaN
// gives NaN.
// Included once per target: see the guard.
#if defined(QUANTA_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTA_KERNELS_MATH_INL_H_
#undef QUANTA_KERNELS_MATH_INL_H_
#else
#define QUANTA_KERNELS_MATH_INL_H_
#endif

#include "runtime/kernels/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {

/// c[0] + c[1] x + c[2] x^2 + ...
template <size_t kCount>
HWY_INLINE V Polynomial(V x, const float (&c)[kCount]) {
  V sum = hn::Set(kF, c[kCount - 1]);
  QUANTA_UNROLL
  for (size_t i = kCount - 1; i > 0; --i) sum = hn::MulAdd(sum, x, hn::Set(kF, c[i - 1]));
  return sum;
}

/// e^x to 9e-8; infinite above 88, zero below -87.
HWY_INLINE V Exp(V x) {
  // x = n ln 2 + r, ln 2 in two parts so that n times the first is exact. A sum of this size is
  // rounded to an integer, which its lowest bits then are.
  const V shift = hn::Set(kF, 0x1.8p23f);
  const V shifted = hn::Add(hn::Mul(x, hn::Set(kF, 1.44269504f)), shift);
  const V n = hn::Sub(shifted, shift);
  V r = hn::NegMulAdd(n, hn::Set(kF, 0.693359375f), x);
  r = hn::NegMulAdd(n, hn::Set(kF, -2.12194440e-4f), r);
  // e^r = 1 + (r + r^2 q(r)), |r| <= ln 2 / 2
  const float q[] = {0.5f, 0.166665778f, 0.0416665561f, 0.00836317334f, 0.00139261759f};
  const V power = hn::Add(hn::MulAdd(hn::Mul(r, r), Polynomial(r, q), r), hn::Set(kF, 1.0f));
  const hn::RebindToSigned<F> integers;
  const auto scale =
      hn::Add(hn::ShiftLeft<23>(hn::BitCast(integers, shifted)), hn::Set(integers, 127 << 23));
  const V y = hn::Mul(power, hn::BitCast(kF, scale));
  const V finite = hn::IfThenElse(hn::Gt(x, hn::Set(kF, 88.0f)), hn::Inf(kF), y);
  return hn::IfThenZeroElse(hn::Lt(x, hn::Set(kF, -87.0f)), finite);
}

/// tanh x to 1.5e-7.
HWY_INLINE V Tanh(V x) {
  const V one = hn::Set(kF, 1.0f);
  const V size = hn::Abs(x);
  // Small: x + x^3 p(x^2).
  const float p[] = {-0.333333343f, 0.133333042f,    -0.0539592579f,
                     0.0217689183f, -0.00834394526f, 0.00229274505f};
  const V square = hn::Mul(x, x);
  const V small = hn::MulAdd(hn::Mul(x, square), Polynomial(square, p), x);
  // Else: 1 - 2 / (e^2|x| + 1).
  const V two = hn::Set(kF, 2.0f);
  const V large = hn::Sub(one, hn::Div(two, hn::Add(Exp(hn::Mul(size, two)), one)));
  return hn::IfThenElse(hn::Lt(size, hn::Set(kF, 0.625f)), small, hn::CopySign(large, x));
}

/// e^(z^2) erfc(z) for z >= 0, to 4e-7 up to z = 9.5.
HWY_INLINE V ScaledErfc(V z) {
  const V one = hn::Set(kF, 1.0f);
  const V t = hn::Div(one, hn::MulAdd(z, hn::Set(kF, 0.4f), one));
  const float p[] = {-1.37035349e-05f, 0.226022691f, 0.221792161f,  0.233000517f,
                     0.0641242489f,    0.42956391f,  -0.538628936f, 0.820207477f,
                     -0.68522644f,     0.271425188f, -0.0422671251f};
  return Polynomial(t, p);
}

/// x / (1 + e^-u): x times the logistic function of u, to 2e-7.
HWY_INLINE V Gate(V x, V u) { return hn::Div(x, hn::Add(hn::Set(kF, 1.0f), Exp(hn::Neg(u)))); }

/// x Phi(x), Phi being the normal distribution; to 6e-7 down to x = -3.
HWY_INLINE V GeluErf(V x) {
  const V half = hn::Set(kF, 0.5f);
  const V z = hn::Mul(hn::Abs(x), hn::Set(kF, 0.707106781f));
  const V tail = hn::Mul(hn::Mul(half, Exp(hn::Mul(hn::Mul(x, x), hn::Neg(half)))), ScaledErfc(z));
  const V phi = hn::IfThenElse(hn::Lt(x, hn::Zero(kF)), tail, hn::Sub(hn::Set(kF, 1.0f), tail));
  return hn::Mul(x, phi);
}

/// GELU's usual approximation: x (1 + tanh u) / 2 is x times the logistic of 2 u. To
/// 1.2e-6 down to x = -3.
HWY_INLINE V GeluTanh(V x) {
  const V cubic = hn::MulAdd(hn::Mul(x, x), hn::Set(kF, 0.044715f), hn::Set(kF, 1.0f));
  return Gate(x, hn::Mul(hn::Mul(x, cubic), hn::Set(kF, 1.59576912f)));  // 2 sqrt(2 / pi)
}

}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // the guard
