// SPDX-License-Identifier: MIT
#include <string_view>

#include "tests/runtime/kernels/kernel_test.h"

namespace quanta::kernels {
namespace {

/// Keys and values of `count` positions, and queries that look at all of them.
struct Problem {
  size_t group, head_dim, count;
  float scale, softcap;
  std::vector<float> q, k, v;

  Problem(size_t heads, size_t dim, size_t positions, float cap = 0)
      : group(heads),
        head_dim(dim),
        count(positions),
        scale(2 / std::sqrt(static_cast<float>(dim))),
        softcap(cap),
        q(Random(dim).Many(heads * dim, 3)),
        k(Widened(Halves(Random(positions).Many(positions * dim)))),
        v(Widened(Halves(Random(positions + 1).Many(positions * dim)))) {}

  double Score(size_t head, size_t position) const {
    double score = 0;
    for (size_t i = 0; i < head_dim; ++i) {
      score += static_cast<double>(q[head * head_dim + i]) * k[position * head_dim + i];
    }
    score *= scale;
    return softcap == 0 ? score : softcap * std::tanh(score / softcap);
  }

  /// [group, head_dim] in double precision.
  std::vector<double> Solve() const {
    std::vector<double> out(group * head_dim, 0);
    for (size_t h = 0; h < group; ++h) {
      double sum = 0;
      for (size_t p = 0; p < count; ++p) sum += std::exp(Score(h, p));
      for (size_t p = 0; p < count; ++p) {
        const double weight = std::exp(Score(h, p)) / sum;
        for (size_t i = 0; i < head_dim; ++i) {
          out[h * head_dim + i] += weight * v[p * head_dim + i];
        }
      }
    }
    return out;
  }
};

/// The same problem after its keys and values went through int8.
Problem Rounded(Problem p) {
  for (std::vector<float>* rows : {&p.k, &p.v}) {
    std::vector<int8_t> q(p.head_dim);
    for (size_t at = 0; at < rows->size(); at += p.head_dim) {
      const float scale = Reference().to_int8(rows->data() + at, q.data(), p.head_dim);
      for (size_t i = 0; i < p.head_dim; ++i) (*rows)[at + i] = scale * q[i];
    }
  }
  return p;
}

/// Rows in a ring: position first + i in slot (first + i) % slots; NaN elsewhere.
std::vector<float> Ring(const std::vector<float>& rows, size_t dim, size_t slots, size_t first) {
  std::vector<float> ring(slots * dim, NAN);
  for (size_t i = 0; i < rows.size() / dim; ++i) {
    const size_t slot = (first + i) % slots;
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * dim), dim,
                ring.begin() + static_cast<std::ptrdiff_t>(slot * dim));
  }
  return ring;
}

/// The same as a cache of that kind, exactly as long. Slots that hold nothing have a scale
/// that is not a number.
std::vector<std::byte> Stored(const std::vector<float>& ring, size_t dim, KvKind kv) {
  const size_t slots = ring.size() / dim;
  std::vector<std::byte> cache(static_cast<size_t>(KvBytes(kv, slots, dim)));
  if (kv == KvKind::kF32) std::memcpy(cache.data(), ring.data(), cache.size());
  if (kv == KvKind::kF16) std::memcpy(cache.data(), Halves(ring).data(), cache.size());
  if (kv != KvKind::kInt8) return cache;
  for (size_t slot = 0; slot < slots; ++slot) {
    auto* q = reinterpret_cast<int8_t*>(cache.data()) + slot * dim;
    const float scale = Reference().to_int8(ring.data() + slot * dim, q, dim);
    KvScales(cache.data(), slots, dim)[slot] = std::isnan(ring[slot * dim]) ? NAN : scale;
  }
  return cache;
}

constexpr KvKind kKinds[] = {KvKind::kF32, KvKind::kF16, KvKind::kInt8};

class AttentionTest : public KernelTest {
 protected:
  std::vector<float> Attend(const Problem& p, KvKind kv, size_t slots, size_t first, size_t head,
                            size_t heads) {
    const AlignedCopy k(Stored(Ring(p.k, p.head_dim, slots, first), p.head_dim, kv));
    const AlignedCopy v(Stored(Ring(p.v, p.head_dim, slots, first), p.head_dim, kv));
    Guarded<float> out(heads * p.head_dim);
    Guarded<float> scratch(static_cast<size_t>(AttentionScratch(kv, p.count, p.head_dim)));
    table().attention({.q = p.q.data() + head * p.head_dim,
                       .out = out.data(),
                       .scratch = scratch.data(),
                       .k = k.data(),
                       .v = v.data(),
                       .kv = kv,
                       .group = static_cast<uint32_t>(heads),
                       .head_dim = static_cast<uint32_t>(p.head_dim),
                       .slots = static_cast<uint32_t>(slots),
                       .end = static_cast<uint32_t>(first + p.count),
                       .window = static_cast<uint32_t>(p.count),
                       .scale = p.scale,
                       .softcap = p.softcap});
    EXPECT_TRUE(out.Intact());
    EXPECT_TRUE(scratch.Intact());
    return out.vector();
  }

  void ExpectRight(const Problem& p, size_t first = 0) {
    for (const KvKind kv : kKinds) {
      const auto expected = kv == KvKind::kInt8 ? Rounded(p).Solve() : p.Solve();
      const auto out = Attend(p, kv, p.count, first, 0, p.group);
      for (size_t i = 0; i < out.size(); ++i) {
        ASSERT_NEAR(out[i], expected[i], 3e-6) << p.head_dim << " wide, " << p.count << " long";
      }
    }
  }
};

QUANTA_INSTANTIATE_PER_TABLE(AttentionTest);

TEST_P(AttentionTest, IsRightForEveryHeadSize) {
  for (const size_t dim : kTails) ExpectRight(Problem(3, dim, 11));
}

TEST_P(AttentionTest, IsRightForEveryLength) {
  for (const size_t count : kTails) ExpectRight(Problem(2, 20, count));
  ExpectRight(Problem(1, 64, 1500));
}

TEST_P(AttentionTest, IsRightWhereverAWindowBegins) {
  for (const size_t count : {1u, 3u, 31u, 64u, 70u, 130u}) {
    for (const size_t first : {1u, 2u, 7u, 32u, 62u, 63u, 64u, 65u, 1000u}) {
      ExpectRight(Problem(5, 20, count), first);
    }
  }
}

TEST_P(AttentionTest, CapsItsScores) {
  for (const size_t count : {1u, 5u, 40u}) {
    ExpectRight(Problem(2, 24, count, 0.8f));
    ExpectRight(Problem(2, 24, count, 0.8f), 50);
  }
}

/// Positions of a block begin at its multiples, and so do equal sums.
TEST_P(AttentionTest, GivesTheSameBitsWhereverTheRingBegins) {
  for (const KvKind kv : kKinds) {
    for (const size_t count : {1u, 2u, 7u, 30u, 130u}) {
      const Problem p(2, 36, count);
      const auto straight = Attend(p, kv, count, 0, 0, 2);
      for (const size_t slots : {count, count + 1, count + 9}) {
        for (size_t block = 0; block < 2 * slots; block += count / 20 + 1) {
          const size_t first = block * kAttentionBlock;
          ASSERT_TRUE(SameBits<float>(Attend(p, kv, slots, first, 0, 2), straight))
              << count << " of " << slots << " from " << first;
        }
      }
    }
  }
}

TEST_P(AttentionTest, GivesTheSameBitsHeadByHead) {
  const Problem p(19, 40, 150);
  for (const KvKind kv : kKinds) {
    const auto together = Attend(p, kv, 150, 3, 0, 19);
    for (size_t head = 0; head < 19; ++head) {
      const auto alone = Attend(p, kv, 150, 3, head, 1);
      EXPECT_TRUE(SameBits<float>(alone, {together.data() + head * 40, 40}));
    }
  }
}

TEST_P(AttentionTest, GivesEveryRowTheBitsThatItHasAlone) {
  constexpr size_t kDim = 42, kStride = 19 * kDim + 5;
  struct Place {
    uint32_t end, window;
  };
  // Without a window; with one that begins to hide something on the way, or has begun to, that is
  // shorter than a tile's rows, ends with a block or begins with one, or spans several.
  constexpr Place kPlaces[] = {{1, 0},  {60, 0}, {64, 0},   {130, 0},   {1, 1},    {5, 6},
                               {60, 1}, {64, 3}, {70, 20},  {63, 62},   {130, 64}, {128, 64},
                               {66, 2}, {52, 5}, {200, 57}, {190, 100}, {250, 128}};
  // The plain loops know of one row at a time only.
  const bool plain = std::string_view(table().name) == "reference";
  const std::vector<uint32_t> counts =
      plain ? std::vector<uint32_t>{3} : std::vector<uint32_t>{1, 2, 3, 4, 5, 7, 8, 9, 13, 16};
  static_assert(kAttentionRows == 16);
  for (const KvKind kv : kKinds) {
    for (const Place& place : kPlaces) {
      // (As bindings they could not be captured by every compiler's lambdas.)
      const uint32_t end = place.end, window = place.window;
      const uint32_t heads = window == 0 && !plain ? 19 : 3;
      for (const uint32_t rows : counts) {
        AttentionArgs args = {};
        args.kv = kv;
        args.group = heads;
        args.head_dim = kDim;
        args.end = end;
        args.window = window;
        args.row_stride = kStride;
        const uint32_t first = args.First(0), all = end + rows - 1 - first;
        args.slots = all + rows % 3;
        const Problem p(heads * rows, kDim, all);
        const AlignedCopy k(Stored(Ring(p.k, kDim, args.slots, first), kDim, kv));
        const AlignedCopy v(Stored(Ring(p.v, kDim, args.slots, first), kDim, kv));
        std::vector<float> q(rows * kStride);
        for (size_t r = 0; r < rows; ++r) {
          std::copy_n(p.q.data() + r * heads * kDim, heads * kDim, q.data() + r * kStride);
        }
        args.k = k.data();
        args.v = v.data();
        args.scale = p.scale;
        const auto run = [&](uint32_t row, uint32_t many) {
          const uint32_t last = end + row + many - 1;
          Guarded<float> out(many * kStride);
          Guarded<float> scratch(static_cast<size_t>(
              AttentionScratch(kv, window == 0 ? last : std::min(last, window), kDim)));
          AttentionArgs part = args;
          part.q = q.data() + row * kStride;
          part.out = out.data();
          part.scratch = scratch.data();
          part.end = end + row;
          part.rows = many;
          table().attention(part);
          EXPECT_TRUE(out.Intact());
          EXPECT_TRUE(scratch.Intact());
          return out.vector();
        };
        const auto together = run(0, rows);
        for (uint32_t r = 0; r < rows; ++r) {
          const auto alone = run(r, 1);
          ASSERT_TRUE(SameBits<float>({alone.data(), heads * kDim},
                                      {together.data() + r * kStride, heads * kDim}))
              << "row " << r << " of " << rows << " from " << end << ", window " << window;
        }
      }
    }
  }
}

TEST_P(AttentionTest, SurvivesScoresBeyondTheRangeOfExp) {
  Problem p(1, 16, 200);
  p.scale = 1000;
  for (const float value : Attend(p, KvKind::kF32, 200, 0, 0, 1)) {
    EXPECT_TRUE(std::isfinite(value));
    EXPECT_LE(std::abs(value), 1.0f);
  }
}

}  // namespace
}  // namespace quanta::kernels
