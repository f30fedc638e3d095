// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "converter/writer/progress.h"
#include "quanta/status.h"

/// Signing and verifying whole files (docs/format.md, Seal).
namespace quanta::writer {

using SecretKey = std::array<uint8_t, 32>;  ///< Ed25519 seed
using PublicKey = std::array<uint8_t, 32>;

/// Writes a new secret key to `path` (mode 0600) and its public key to `path`.pub, each
/// 64 hexadecimal digits and a line end. Errors: kIo; kInvalidArgument if either exists.
Status GenerateKey(const std::string& path, ErrorDetail* detail);

/// Reads a file of 64 hexadecimal digits. Errors: kNotFound, kIo, kInvalidArgument.
Result<SecretKey> ReadKey(const std::string& path, ErrorDetail* detail);

/// 64 hexadecimal digits, or the path of a file that holds them.
Result<PublicKey> ParsePublicKey(const std::string& text, ErrorDetail* detail);

PublicKey PublicKeyOf(const SecretKey& key);

/// Copies the model at `in` to `out` (which may be the same path) with its seal signed;
/// nothing else differs. Atomic. Errors: the reader's, kIo, kNoSpace; kUnsupported for a
/// compressed file.
Status SignFile(const std::string& in, const SecretKey& key, const std::string& out,
                ErrorDetail* detail, const Progress& progress = {});

/// Reads `path`, compressed or not, and hashes everything in it. `public_key` (may be
/// empty): it must be signed with that. Errors: the reader's, kUnverified, kCancelled.
Status VerifyFile(const std::string& path, std::span<const uint8_t> public_key,
                  const Progress& progress, ErrorDetail* detail);

}  // namespace quanta::writer
