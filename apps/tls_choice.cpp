#include "apps/tls_choice.h"

namespace staronnx::apps {

// Files without the flag are refused: who gives them wants encryption.
void add_tls(CLI::App& verb, const std::string& protocol, TlsOptions& options) {
  const std::string begin = "--" + protocol + "-";
  CLI::Option* use = verb.add_flag(begin + "use-ssl", options.on, "Encrypt connections with TLS");
  use->needs(verb.add_option(begin + "server-cert", options.certificate, "The server's certificate, a PEM file")->needs(use));
  use->needs(verb.add_option(begin + "server-key", options.key, "The certificate's key, a PEM file")->needs(use));
  CLI::Option* mutual =
      verb.add_flag(begin + "use-ssl-mutual", options.mutual, "Take only clients with a certificate")->needs(use);
  mutual->needs(verb.add_option(begin + "root-cert", options.root, "Who signs clients' certificates, a PEM file")->needs(mutual));
}

}  // namespace staronnx::apps
