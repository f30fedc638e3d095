// SPDX-License-Identifier: MIT
#include "tests/runtime/llm/oracle.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quanta::testing {
namespace {

using format::Role;
using Vector = std::vector<double>;
using Matrix = std::vector<Vector>;  // one row per token

constexpr Role kNone = static_cast<Role>(255);

class Oracle {
 public:
  Oracle(const TinyModel& model, KvType cache) : m_(model), s_(model.spec()), cache_(cache) {}

  Vector Logits(std::span<const int32_t> tokens) {
    Matrix x = Embed(tokens);
    for (size_t i = 0; i < s_.layers.size(); ++i) {
      layer_ = static_cast<int32_t>(i);
      Block(x, Role::kAttentionNorm, Role::kAttentionNormBias, Role::kAttentionPostNorm,
            Role::kAttentionPostNormBias, [&](const Matrix& in) { return Attention(in); });
      Block(x, Role::kFfnNorm, Role::kFfnNormBias, Role::kFfnPostNorm, Role::kFfnPostNormBias,
            [&](const Matrix& in) { return FeedForward(in); });
    }
    layer_ = -1;
    Vector logits;
    for (Vector& row : x) {
      if (s_.final_norm) row = Norm(row, Role::kFinalNorm, Role::kFinalNormBias);
      Vector y = Linear(row, s_.tied ? Role::kEmbedding : Role::kHead, Role::kHeadBias);
      for (double& v : y) v = Cap(v * double{s_.logit_scale}, double{s_.logit_softcap});
      logits.insert(logits.end(), y.begin(), y.end());
    }
    return logits;
  }

 private:
  static double Cap(double v, double cap) { return cap == 0 ? v : cap * std::tanh(v / cap); }

  Vector Values(Role role) const {
    const auto& v = m_.Values(role, layer_);
    return Vector(v.begin(), v.end());
  }

  Matrix Embed(std::span<const int32_t> tokens) {
    Matrix x;
    layer_ = -1;
    const Vector table = Values(Role::kEmbedding);
    for (size_t t = 0; t < tokens.size(); ++t) {
      Vector row(s_.hidden);
      for (size_t d = 0; d < s_.hidden; ++d) {
        row[d] = table[static_cast<size_t>(tokens[t]) * s_.hidden + d] * double{s_.embedding_scale};
        if (s_.positions) row[d] += Values(Role::kPosition)[t * s_.hidden + d];
      }
      x.push_back(row);
    }
    return x;
  }

  /// What int8 leaves of a row that meets int8 or int4 weights: steps of a 255th of its
  /// range, 0 one of them, in f32 as the kernels do it.
  Vector Rounded(Vector x) const {
    if (s_.panel != format::Panel::kQ8 && s_.panel != format::Panel::kQ4) return x;
    float low = 0, high = 0;
    for (const double v : x) {
      low = std::min(low, static_cast<float>(v));
      high = std::max(high, static_cast<float>(v));
    }
    if (low == high) return x;
    const float factor = 255 / (high - low);
    const float zero = (-128 + low * factor) + (127 + high * factor) > 0 ? -128 - low * factor
                                                                         : 127 - high * factor;
    const float zero_point = std::nearbyint(std::clamp(zero, -128.0f, 127.0f));
    for (double& v : x) {
      const float q = std::nearbyint(static_cast<float>(v) * factor) + zero_point;
      v = (std::clamp(q, -128.0f, 127.0f) - zero_point) * (1 / factor);
    }
    return x;
  }

  Vector Linear(const Vector& in, Role weight, Role bias) const {
    const Vector x = Rounded(in);
    const Vector w = Values(weight);
    Vector y(w.size() / x.size());
    for (size_t j = 0; j < y.size(); ++j) {
      for (size_t k = 0; k < x.size(); ++k) y[j] += w[j * x.size() + k] * x[k];
    }
    if (m_.Has(bias, layer_)) {
      const Vector b = Values(bias);
      for (size_t j = 0; j < y.size(); ++j) y[j] += b[j];
    }
    return y;
  }

  Vector Norm(const Vector& x, Role gain, Role bias) const {
    const Vector g = Values(gain);
    const auto n = static_cast<double>(x.size());
    double mean = 0, square = 0;
    if (s_.norm == format::NormKind::kLayer) {
      for (const double v : x) mean += v / n;
    }
    for (const double v : x) square += (v - mean) * (v - mean) / n;
    const double eps = double{s_.norm_eps};
    const double divisor = std::sqrt(square + eps) + (s_.norm_eps_outside ? eps : 0);
    Vector y(x.size());
    for (size_t d = 0; d < x.size(); ++d) {
      y[d] = (x[d] - mean) / divisor * g[d];
      if (bias != kNone && m_.Has(bias, layer_)) y[d] += Values(bias)[d];
    }
    return y;
  }

  template <class Function>
  void Block(Matrix& x, Role norm, Role norm_bias, Role post, Role post_bias, Function f) {
    using format::NormPlacement;
    const NormPlacement placement = s_.norm_placement;
    Matrix in = x;
    if (placement != NormPlacement::kPost) {
      for (Vector& row : in) row = Norm(row, norm, norm_bias);
    }
    Matrix out = f(in);
    for (size_t t = 0; t < x.size(); ++t) {
      if (placement == NormPlacement::kSandwich) out[t] = Norm(out[t], post, post_bias);
      for (size_t d = 0; d < x[t].size(); ++d) x[t][d] += double{s_.residual_scale} * out[t][d];
      if (placement == NormPlacement::kPost) x[t] = Norm(x[t], post, post_bias);
    }
  }

  /// One head's part of a projection, normed and rotated.
  Vector Head(const Vector& all, size_t head, Role norm, size_t position, bool rotate) const {
    const size_t D = s_.head_dim;
    Vector v(all.begin() + static_cast<ptrdiff_t>(head * D),
             all.begin() + static_cast<ptrdiff_t>((head + 1) * D));
    if (norm != kNone && s_.qk_norm) v = Norm(v, norm, kNone);
    const int32_t index = s_.layers[static_cast<size_t>(layer_)].rope;
    if (!rotate || index < 0) return v;
    const TinyRope& rope = s_.ropes[static_cast<size_t>(index)];
    const bool half = rope.pairing == format::RopePairing::kHalf;
    for (size_t i = 0; i < rope.half; ++i) {
      const double frequency = std::pow(double{rope.base}, -double(i) / double(rope.half));
      const double angle = double(position) * frequency;
      const double c = std::cos(angle) * double{rope.magnitude};
      const double s = std::sin(angle) * double{rope.magnitude};
      double& a = v[half ? i : 2 * i];
      double& b = v[half ? i + rope.half : 2 * i + 1];
      const double a0 = a, b0 = b;
      a = a0 * c - b0 * s;
      b = b0 * c + a0 * s;
    }
    return v;
  }

  Vector Cached(Vector v) const {
    if (cache_ == KvType::kF16) {
      for (double& e : v) e = double{FromHalf(ToHalf(static_cast<float>(e)))};
    }
    if (cache_ == KvType::kInt8) {
      double largest = 0;
      for (const double e : v) largest = std::max(largest, std::abs(e));
      for (double& e : v) e = std::nearbyint(e / largest * 127) * largest / 127;
    }
    return v;
  }

  Matrix Attention(const Matrix& in) const {
    const size_t window = s_.layers[static_cast<size_t>(layer_)].window;
    const size_t D = s_.head_dim;
    Matrix q, k, v, out;
    for (const Vector& row : in) {
      q.push_back(Linear(row, Role::kQ, Role::kQBias));
      k.push_back(Linear(row, Role::kK, Role::kKBias));
      v.push_back(Linear(row, Role::kV, Role::kVBias));
    }
    for (size_t t = 0; t < in.size(); ++t) {
      Vector joined;
      for (size_t h = 0; h < s_.heads; ++h) {
        const size_t g = h / (s_.heads / s_.kv_heads);
        const Vector query = Head(q[t], h, Role::kQNorm, t, true);
        Vector sum(D);
        double total = 0;
        for (size_t p = 0; p <= t; ++p) {
          if (window != 0 && t - p >= window) continue;
          const Vector key = Cached(Head(k[p], g, Role::kKNorm, p, true));
          const Vector value = Cached(Head(v[p], g, kNone, p, false));
          double dot = 0;
          for (size_t d = 0; d < D; ++d) dot += query[d] * key[d];
          const double weight =
              std::exp(Cap(dot * double{s_.attention_scale}, double{s_.attention_softcap}));
          total += weight;
          for (size_t d = 0; d < D; ++d) sum[d] += weight * value[d];
        }
        for (const double e : sum) joined.push_back(e / total);
      }
      out.push_back(Linear(joined, Role::kO, Role::kOBias));
    }
    return out;
  }

  double Activate(double x) const {
    switch (s_.activation) {
      case format::Activation::kSilu:
        return x / (1 + std::exp(-x));
      case format::Activation::kGeluTanh:
        return x / 2 *
               (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
      case format::Activation::kGeluErf:
        return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
      case format::Activation::kRelu:
        return x > 0 ? x : 0;
    }
    return 0;
  }

  Matrix FeedForward(const Matrix& in) const {
    Matrix out;
    for (const Vector& row : in) {
      Vector up = Linear(row, Role::kUp, Role::kUpBias);
      const Vector gate = s_.gated ? Linear(row, Role::kGate, Role::kGateBias) : up;
      for (size_t i = 0; i < up.size(); ++i) {
        up[i] = s_.gated ? Activate(gate[i]) * up[i] : Activate(up[i]);
      }
      out.push_back(Linear(up, Role::kDown, Role::kDownBias));
    }
    return out;
  }

  const TinyModel& m_;
  const TinySpec& s_;
  KvType cache_;
  int32_t layer_ = -1;
};

}  // namespace

std::vector<double> OracleLogits(const TinyModel& model, std::span<const int32_t> tokens,
                                 KvType cache) {
  return Oracle(model, cache).Logits(tokens);
}

}  // namespace quanta::testing
