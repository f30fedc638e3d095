// SPDX-License-Identifier: MIT
#pragma once

namespace quanta::converter {

/// Scores of unigram models as Hugging Face's library has them in memory. It parses a
/// number as its digits, a whole number rounded to double, times or divided by a power of
/// ten, which may miss the nearest double by one. Where two ways to cut a text tie, such a
/// bit decides, so it belongs to the tokenizer.

/// What the library reads where the file has `nearest`, written with as few digits as
/// tell it apart (as that library and Python write it).
double AsReferenceReads(double nearest);

/// The number to write so that the library reads `score`; `score` itself if there is
/// none, which then is off by one unit in the last place.
double ToBeReadAs(double score);

}  // namespace quanta::converter
