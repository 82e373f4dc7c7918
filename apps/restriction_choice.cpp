#include "apps/restriction_choice.h"

#include <vector>

namespace staronnx::apps {

void add_restrictions(CLI::App& verb, const std::string& option, Restrictions& restrictions) {
  const auto take = [option, &restrictions](const std::vector<std::string>& texts) {
    const Result<Restrictions> parsed = Restrictions::parse(texts);
    if (!parsed) throw CLI::ValidationError(option, parsed.error().message);
    restrictions = *parsed;
  };
  verb.add_option_function<std::vector<std::string>>(option, take,
                                                     "API[,API..]:HEADER=KEY: only clients with the key may use these")
      ->type_name("TEXT")
      ->take_all()
      ->allow_extra_args(false);
}

}  // namespace staronnx::apps
