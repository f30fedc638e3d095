// SPDX-License-Identifier: MIT
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "converter/error.h"

/// The error that `body` throws, as text; empty if it throws none.
template <class Body>
std::string ErrorOf(const Body& body) {
  try {
    body();
    return {};
  } catch (const quanta::converter::Error& error) {
    return error.what();
  }
}

#define EXPECT_ERROR(statement, text) \
  EXPECT_THAT(ErrorOf([&] { static_cast<void>(statement); }), ::testing::HasSubstr(text))
