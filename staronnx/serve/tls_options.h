// Encryption of a front end's connections with TLS, 1.2 or 1.3, and who may connect.
#pragma once

#include <filesystem>

namespace staronnx {

struct TlsOptions {
  bool on = false;
  std::filesystem::path certificate;  // PEM: the server's, then those between it and the root
  std::filesystem::path key;          // PEM: the certificate's, without a password
  bool mutual = false;                // clients need a certificate, too,
  std::filesystem::path root;         // PEM: signed by one of these
};

}  // namespace staronnx
