// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace quanta::lite {

/// std::stable_sort by way of the elements' places: the standard library's own asks for a
/// temporary buffer in a way that newer compilers warn of.
template <class T, class Before>
void SortStably(std::vector<T>* items, const Before& before) {
  std::vector<size_t> order(items->size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (before((*items)[a], (*items)[b])) return true;
    return !before((*items)[b], (*items)[a]) && a < b;
  });
  std::vector<T> sorted;
  sorted.reserve(order.size());
  for (const size_t place : order) sorted.push_back(std::move((*items)[place]));
  *items = std::move(sorted);
}

}  // namespace quanta::lite
