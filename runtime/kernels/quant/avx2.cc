// SPDX-License-Identifier: MIT
#if defined(__x86_64__)
#include "runtime/kernels/quant/avx2-inl.h"
#include "runtime/kernels/quant/kernels_x86.h"

QUANTA_TARGET_BEGIN("avx2,fma")
namespace quanta::kernels {
namespace {

using namespace avx2;

/// vpmaddubsw adds pairs of products in 16 bits. Nibbles as q + 8 leave room for the sixteen
/// products that a lane gets of a group: at most 16 * 15 * 128. Bytes leave room for two: the
/// activations' magnitudes times the weights with their signs, at most 2 * 128 * 127.
struct Words {
  static constexpr size_t kTileRows = 6;
  static constexpr int32_t kExcess = 0;

  /// GCC makes one tree of a long sum of integers, whose parts it then has no registers for.
  static QUANTA_INLINE __m256i InOrder(__m256i sum) {
    asm("" : "+x"(sum));
    return sum;
  }
  static QUANTA_INLINE __m256i PairsToSums(__m256i pairs) {
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
  static QUANTA_INLINE __m256i Add(__m256i sum, __m256i w, __m256i x) {
    return InOrder(_mm256_add_epi16(sum, _mm256_maddubs_epi16(w, x)));
  }
  static QUANTA_INLINE __m256i NibbleSums(__m256i sum) { return PairsToSums(sum); }
  static QUANTA_INLINE __m256i Bytes(__m256i w) { return w; }
  static QUANTA_INLINE __m256i AddBytes(__m256i sum, __m256i w, __m256i x) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(x), _mm256_sign_epi8(w, x));
    return InOrder(_mm256_add_epi32(sum, PairsToSums(pairs)));
  }
};

template <class Order>
void MatMulQ8(const MatMulTile& tile) {
  using Strip = Q8Strip<Words>;
  if (tile.rows == 1) return RowDriver<Strip, Order>::MatMul(tile);
  StripDriver<Strip>::MatMul(tile);
}

}  // namespace
}  // namespace quanta::kernels
QUANTA_TARGET_END

namespace quanta::kernels {

void MatMulQ8Avx2(const MatMulTile& tile) { MatMulQ8<avx2::Q8Order>(tile); }
void MatMulQ4Avx2(const MatMulTile& tile) { avx2::MatMulQ4<Words, avx2::Q4Order>(tile); }
void MatMulQ8Avx2Zen(const MatMulTile& tile) { MatMulQ8<OneByOne<3, 8192>>(tile); }
void MatMulQ4Avx2Zen(const MatMulTile& tile) { avx2::MatMulQ4<Words, OneByOne<3, 8192>>(tile); }

}  // namespace quanta::kernels
#endif
