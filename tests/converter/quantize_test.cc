// SPDX-License-Identifier: MIT
#include "converter/quantize.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "converter/panel_source.h"
#include "converter/schemes.h"
#include "runtime/kernels/quant/panels.h"
#include "runtime/kernels/quant/quantize.h"
#include "tests/converter/error_matchers.h"

namespace quanta::converter {
namespace {

template <class T>
SourceTensor Matrix(const std::vector<T>& values, uint32_t rows, const char* dtype) {
  const ElementType& type = *FindElementType(dtype);
  SourceTensor tensor;
  tensor.name = "w";
  tensor.dtype = dtype;
  tensor.fits_f16 = type.fits_f16;
  tensor.matrix = true;
  tensor.rows = rows;
  tensor.columns = static_cast<uint32_t>(values.size() / rows);
  tensor.bytes = values.size() * sizeof(T);
  tensor.source = StoredRows(std::as_bytes(std::span(values)), type, tensor.columns, false);
  return tensor;
}

template <class T>
struct Stored {
  std::vector<T> values;
  StoreError error;
};

template <class T>
Stored<T> Store(const SourceTensor& tensor, const char* type) {
  Progress quiet(Progress::Style::kNone, nullptr, nullptr);
  Stored<T> stored;
  stored.error =
      StoreTensor(tensor, *FindElementType(type), &quiet, [&](std::span<const std::byte> bytes) {
        const size_t old = stored.values.size();
        stored.values.resize(old + bytes.size() / sizeof(T));
        std::memcpy(stored.values.data() + old, bytes.data(), bytes.size());
      });
  return stored;
}

bool Fits(const SourceTensor& tensor) {
  Progress quiet(Progress::Style::kNone, nullptr, nullptr);
  return FitsF16(tensor, &quiet);
}

// More than one block, and not a whole number of them.
std::vector<float> ManyValues() {
  std::vector<float> values(600'000);
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sin(static_cast<float>(i)) * 3.0f;
  }
  return values;
}

TEST(StoreTensor, F32IsTheSourceBitForBit) {
  const std::vector<float> values = ManyValues();
  const auto stored = Store<float>(Matrix(values, 600, "F32"), "F32");
  EXPECT_EQ(stored.values, values);
  EXPECT_EQ(stored.error.max, 0);
}

TEST(StoreTensor, Bf16WidensExactly) {
  std::vector<uint16_t> bits;
  for (uint32_t b = 0; b < 0x10000; ++b) {
    if ((b & 0x7f80) != 0x7f80) bits.push_back(static_cast<uint16_t>(b));  // the finite ones
  }
  const auto stored = Store<uint32_t>(Matrix(bits, 2, "BF16"), "F32");
  ASSERT_EQ(stored.values.size(), bits.size());
  for (size_t i = 0; i < bits.size(); ++i) EXPECT_EQ(stored.values[i], uint32_t{bits[i]} << 16);
}

TEST(StoreTensor, F16SourcesKeepEveryBitInF16) {
  std::vector<uint16_t> bits;
  for (uint32_t b = 0; b < 0x10000; ++b) {
    if ((b & 0x7c00) != 0x7c00) bits.push_back(static_cast<uint16_t>(b));
  }
  const auto stored = Store<uint16_t>(Matrix(bits, 2, "F16"), "F16");
  EXPECT_EQ(stored.values, bits);
  EXPECT_EQ(stored.error.rms, 0);
}

TEST(StoreTensor, F16RoundsToNearestEvenAndReportsTheError) {
  // 1 + 2^-11 and 1 + 3 * 2^-11 are halfway between two f16.
  const std::vector<float> values{1.0f, 1.0f + std::ldexp(1.0f, -11),
                                  1.0f + 3 * std::ldexp(1.0f, -11), -2.0f};
  const auto stored = Store<uint16_t>(Matrix(values, 1, "F32"), "F16");
  EXPECT_EQ(stored.values, (std::vector<uint16_t>{0x3c00, 0x3c00, 0x3c02, 0xc000}));
  const double half_step = std::ldexp(1.0, -11);
  EXPECT_DOUBLE_EQ(stored.error.max, half_step);
  EXPECT_DOUBLE_EQ(stored.error.rms, half_step * std::sqrt(0.5));
}

TEST(StoreTensor, UnalignedSourcesAreRead) {
  std::vector<char> bytes(4 * 100 + 1);
  for (int i = 0; i < 100; ++i) {
    const auto value = static_cast<float>(i);
    std::memcpy(bytes.data() + 1 + 4 * i, &value, 4);
  }
  SourceTensor tensor = Matrix(std::vector<float>(100), 10, "F32");
  tensor.source =
      StoredRows(std::as_bytes(std::span(bytes)).subspan(1), *FindElementType("F32"), 10, false);
  const auto stored = Store<float>(tensor, "F32");
  EXPECT_EQ(stored.values[99], 99.0f);
}

TEST(StoreTensor, AppliesTheTransformToTheWidenedValues) {
  const std::vector<uint16_t> bits{0x3f80, 0x4000};  // bf16 1, 2
  SourceTensor tensor = Matrix(bits, 1, "BF16");
  tensor.source = Transformed(tensor.source, tensor.columns, [](std::span<float> values) {
    for (float& value : values) value += 1;
  });
  EXPECT_EQ(Store<float>(tensor, "F32").values, (std::vector<float>{2, 3}));
}

TEST(StoreTensor, NamesTheElementThatIsNotANumber) {
  std::vector<float> values = ManyValues();
  values[300 * 1000 + 7] = std::numeric_limits<float>::quiet_NaN();
  SourceTensor tensor = Matrix(values, 600, "F32");
  tensor.place = "m.safetensors";
  EXPECT_ERROR(Store<float>(tensor, "F32"),
               "m.safetensors: tensor 'w' element [300, 7] is not a number");
  EXPECT_ERROR(Fits(tensor), "element [300, 7] is not a number");

  values[300 * 1000 + 7] = 0;
  values[5] = -std::numeric_limits<float>::infinity();
  EXPECT_ERROR(Store<float>(tensor, "F32"), "element [0, 5] is infinite");
  const std::vector<uint16_t> bits{0, 0x7f80};
  EXPECT_ERROR(Store<float>(Matrix(bits, 1, "BF16"), "F32"), "[0, 1] is infinite");
}

TEST(StorePanels, AreTheStripsOfTheKernelsWhateverTheBlocks) {
  // Several blocks, and not whole strips at the end.
  const std::vector<float> values = ManyValues();
  constexpr uint32_t kRows = 600;
  constexpr size_t kColumns = 1000;
  for (const auto panel : {format::Panel::kQ8, format::Panel::kQ4}) {
    const auto kernel_panel = static_cast<kernels::Panel>(panel);
    Progress quiet(Progress::Style::kNone, nullptr, nullptr);
    std::vector<std::byte> bytes;
    const StoreError error = StorePanels(
        Matrix(values, kRows, "F32"), panel, &quiet,
        [&](std::span<const std::byte> b) { bytes.insert(bytes.end(), b.begin(), b.end()); });
    std::vector<std::byte> expected;
    std::vector<int8_t> scratch(kColumns);
    std::vector<std::byte> strip(kernels::StripBytes(kernel_panel, kColumns));
    for (size_t row = 0; row < kRows; row += 16) {
      kernels::QuantizeStrip(kernel_panel, &values[row * kColumns],
                             std::min<size_t>(16, kRows - row), kColumns, scratch.data(),
                             strip.data());
      expected.insert(expected.end(), strip.begin(), strip.end());
    }
    EXPECT_EQ(bytes.size(), format::PanelBytes(panel, kRows, kColumns));
    EXPECT_EQ(bytes, expected);

    const TensorSourcePtr rows = PanelRows(bytes, panel, kColumns, false);
    std::vector<float> back(values.size());
    rows->Read(0, 37, back.data());
    rows->Read(37, kRows - 37, back.data() + 37 * kColumns);
    double lost = 0, largest = 0;
    for (size_t i = 0; i < back.size(); ++i) {
      const double one = std::abs(double{back[i]} - double{values[i]});
      lost += one * one;
      largest = std::max(largest, one);
    }
    EXPECT_NEAR(error.rms, std::sqrt(lost / static_cast<double>(back.size())), 1e-9);
    EXPECT_NEAR(error.max, largest, 1e-7);
  }
}

TEST(StorePanels, NamesTheElementThatIsNotANumber) {
  std::vector<float> values(64, 1.0f);
  values[33] = std::numeric_limits<float>::infinity();
  Progress quiet(Progress::Style::kNone, nullptr, nullptr);
  EXPECT_ERROR(StorePanels(Matrix(values, 2, "F32"), format::Panel::kQ4, &quiet,
                           [](std::span<const std::byte>) {}),
               "element [1, 1] is infinite");
}

Choice Choose(const SourceTensor& tensor, format::Panel wanted) {
  Progress quiet(Progress::Style::kNone, nullptr, nullptr);
  return ChooseScheme(tensor, wanted, &quiet);
}

TEST(ChooseScheme, StoresWhatDoesNotFitAsF16OrF32AndSaysWhy) {
  using format::Panel;
  std::vector<float> values(64 * 64, 0.5f);
  EXPECT_EQ(Choose(Matrix(values, 64, "F32"), Panel::kQ4).panel, Panel::kQ4);
  EXPECT_EQ(Choose(Matrix(values, 64, "F32"), Panel::kQ4).note, "");
  // A strip is 16 rows, a group 32 columns.
  const Choice small = Choose(Matrix(std::vector<float>(8, 1.0f), 4, "F32"), Panel::kQ4);
  EXPECT_EQ(small.panel, Panel::kF16);
  EXPECT_EQ(small.note, "'w' is stored as f16: it is so small that it would take more room");
  const Choice wide = Choose(Matrix(std::vector<float>(65537 * 16), 16, "F32"), Panel::kQ8);
  EXPECT_EQ(wide.panel, Panel::kF16);
  EXPECT_EQ(wide.note, "'w' is stored as f16: it has more columns than q8 can add up");
  values[77] = 1e6f;
  const Choice large = Choose(Matrix(values, 64, "F32"), Panel::kQ8);
  EXPECT_EQ(large.panel, Panel::kF32);
  EXPECT_EQ(large.note, "'w' is stored as f32: it has values beyond the range of f16");
  SourceTensor vector = Matrix(std::vector<float>(64), 1, "F32");
  vector.matrix = false;
  EXPECT_EQ(Choose(vector, Panel::kQ4).panel, Panel::kF32);
}

TEST(Schemes, PatternsAreNamesWithStars) {
  SourceTensor tensor;
  tensor.name = "model.layers.10.mlp.down_proj.weight";
  tensor.role = format::Role::kDown;
  tensor.matrix = true;
  for (const char* pattern :
       {"*", "down", "d?wn", "model.layers.10.*", "*.down_proj.weight", "*10*", "**down*weight**",
        "*.mlp.*.*", "model.layers.10.mlp.down_proj.weight"}) {
    EXPECT_TRUE((SchemeRule{pattern, format::Panel::kQ8}).Matches(tensor)) << pattern;
  }
  for (const char* pattern :
       {"?", "dow", "own", "model", "*.11.*", "*weight?", "Down", "model.layers.1.mlp.*"}) {
    EXPECT_FALSE((SchemeRule{pattern, format::Panel::kQ8}).Matches(tensor)) << pattern;
  }
  tensor.matrix = false;
  EXPECT_FALSE((SchemeRule{"*", format::Panel::kQ8}).Matches(tensor)) << "vectors stay f32";
}

TEST(Schemes, ALongPatternOfStarsTakesNoLongTime) {
  SourceTensor tensor;
  tensor.name = std::string(500, 'a');
  tensor.matrix = true;
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE((SchemeRule{pattern + "b", format::Panel::kQ8}).Matches(tensor));
}

TEST(Schemes, SayWhatDiffers) {
  using format::Panel;
  EXPECT_EQ((Schemes{Panel::kQ4, {}, {}}).Text(), "q4");
  EXPECT_EQ((Schemes{Panel::kQ4, Panel::kQ4, Panel::kQ4}).Text(), "q4");
  EXPECT_EQ((Schemes{Panel::kQ4, Panel::kQ8, Panel::kF16}).Text(), "q4, embedding q8, head f16");
}

TEST(FitsF16, IsFalseForWhatRoundsToInfinity) {
  std::vector<float> values{1.0f, 65519.996f};
  EXPECT_TRUE(Fits(Matrix(values, 1, "F32")));
  values[0] = -65520.0f;
  EXPECT_FALSE(Fits(Matrix(values, 1, "F32")));
  const std::vector<uint16_t> bits{0x4780};  // bf16 65536
  EXPECT_FALSE(Fits(Matrix(bits, 1, "BF16")));
  EXPECT_TRUE(Fits(Matrix(bits, 1, "F16")));
}

TEST(StoreTensor, StopsWhenAskedTo) {
  const std::vector<float> values = ManyValues();
  const std::atomic<bool> stop{true};
  Progress progress(Progress::Style::kNone, nullptr, &stop);
  EXPECT_ERROR(StoreTensor(Matrix(values, 600, "F32"), *FindElementType("F32"), &progress,
                           [](std::span<const std::byte>) {}),
               "interrupted; nothing was written");
}

}  // namespace
}  // namespace quanta::converter
