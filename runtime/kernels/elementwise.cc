// SPDX-License-Identifier: MIT
#include "runtime/kernels/half.h"
#include "runtime/kernels/targets.h"
// Highway compiles the rest once per target:
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/elementwise.cc"
#include "hwy/foreach_target.h"
#include "runtime/kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace quanta::kernels::HWY_NAMESPACE {
namespace {

struct Silu {
  HWY_INLINE V operator()(V x) const { return Gate(x, x); }
};
struct GeluTanhOf {
  HWY_INLINE V operator()(V x) const { return GeluTanh(x); }
};
struct GeluErfOf {
  HWY_INLINE V operator()(V x) const { return GeluErf(x); }
};
struct Relu {
  HWY_INLINE V operator()(V x) const { return hn::IfThenZeroElse(hn::Lt(x, hn::Zero(kF)), x); }
};

template <class Function>
struct Times {
  HWY_INLINE V operator()(V gate, V up) const { return hn::Mul(Function()(gate), up); }
};

template <class Function>
void ActivateWith(const float* gate, const float* up, float* y, size_t count) {
  if (up == nullptr) {
    Map(Function(), y, count, gate);
  } else {
    Map(Times<Function>(), y, count, gate, up);
  }
}

void Activate(Activation activation, const float* gate, const float* up, float* y, size_t count) {
  switch (activation) {
    case Activation::kSilu:
      return ActivateWith<Silu>(gate, up, y, count);
    case Activation::kGeluTanh:
      return ActivateWith<GeluTanhOf>(gate, up, y, count);
    case Activation::kGeluErf:
      return ActivateWith<GeluErfOf>(gate, up, y, count);
    case Activation::kRelu:
      return ActivateWith<Relu>(gate, up, y, count);
  }
}

struct PlusScaled {
  V scale;
  HWY_INLINE V operator()(V x, V y) const { return hn::MulAdd(scale, x, y); }
};
void AddScaled(const float* x, float scale, float* y, size_t count) {
  Map(PlusScaled{hn::Set(kF, scale)}, y, count, x, static_cast<const float*>(y));
}

struct Scaled {
  V scale;
  HWY_INLINE V operator()(V x) const { return hn::Mul(scale, x); }
};
void Scale(const float* x, float scale, float* y, size_t count) {
  Map(Scaled{hn::Set(kF, scale)}, y, count, x);
}

struct Capped {
  V cap;
  HWY_INLINE V operator()(V x) const { return hn::Mul(cap, Tanh(hn::Div(x, cap))); }
};
void Softcap(const float* x, float c, float* y, size_t count) {
  Map(Capped{hn::Set(kF, c)}, y, count, x);
}

#if HWY_TARGET == HWY_SSE2 || HWY_ARCH_WASM
// No instruction for it: the compiler makes vectors of the plain function.
void ToF16(const float* x, uint16_t* y, size_t count) {
  for (size_t i = 0; i < count; ++i) y[i] = FloatToHalf(x[i]);
}
#else
void ToF16(const float* x, uint16_t* y, size_t count) {
  const Half halves;
  const HalfBits bits;
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(hn::BitCast(bits, hn::DemoteTo(halves, hn::LoadU(kF, x + i))), bits, y + i);
  }
  if (i == count) return;
  const auto last = hn::DemoteTo(halves, hn::LoadN(kF, x + i, count - i));
  hn::StoreN(hn::BitCast(bits, last), bits, y + i, count - i);
}
#endif

void FromF16(const uint16_t* x, float* y, size_t count) {
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) hn::StoreU(F16::Load(x + i), kF, y + i);
  if (i < count) hn::StoreN(F16::Load(x + i, count - i), kF, y + i, count - i);
}

HWY_INLINE float LargestMagnitude(const float* x, size_t count) {
  V largest = hn::Zero(kF);
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    largest = hn::Max(largest, hn::Abs(hn::LoadU(kF, x + i)));
  }
  if (i < count) largest = hn::Max(largest, hn::Abs(hn::LoadN(kF, x + i, count - i)));
  return hn::ReduceMax(kF, largest);
}

float ToInt8(const float* x, int8_t* y, size_t count) {
  const hn::Rebind<int8_t, F> bytes;
  const float largest = LargestMagnitude(x, count);
  const bool nothing = !(largest >= 127 * kLeastInt8Scale);
  const V inverse = hn::Set(kF, nothing ? 0.0f : 127.0f / largest);
  // Rounding the inverse can lift the largest to no more than 127 and a few last bits.
  const auto rounded = [&](V v) {
    return hn::DemoteTo(bytes, hn::NearestInt(hn::Mul(v, inverse)));
  };
  size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    hn::StoreU(rounded(hn::LoadU(kF, x + i)), bytes, y + i);
  }
  if (i < count) hn::StoreN(rounded(hn::LoadN(kF, x + i, count - i)), bytes, y + i, count - i);
  return nothing ? 0 : largest / 127;
}

void FillElementwise(KernelTable* table) {
  table->activate = Activate;
  table->add_scaled = AddScaled;
  table->scale = Scale;
  table->softcap = Softcap;
  table->to_f16 = ToF16;
  table->from_f16 = FromF16;
  table->to_int8 = ToInt8;
}

}  // namespace
}  // namespace quanta::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quanta::kernels {
HWY_EXPORT(FillElementwise);
void FillElementwise(KernelTable* table) { HWY_DYNAMIC_DISPATCH(FillElementwise)(table); }
}  // namespace quanta::kernels
#endif
