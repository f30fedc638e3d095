// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace quanta::lite {

/// RFC 4648, with padding: how files of any bytes stand in a resume token.
std::string EncodeBase64(std::string_view bytes);
/// False if `text` is not that.
bool DecodeBase64(std::string_view text, std::string* bytes);

}  // namespace quanta::lite
