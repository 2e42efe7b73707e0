#include "gateway/settings_document.hpp"

namespace headgate::gateway {

Document settings_document(const config::Settings& settings)
{
    DocumentBuilder builder;
    builder.open_object();
    for (const auto& [name, setting] : settings) {
        builder.name(builder.own(name));
        switch (setting.kind) {
        case config::Setting::Kind::text: builder.text(builder.own(setting.text)); break;
        case config::Setting::Kind::number: builder.number(builder.own(setting.text)); break;
        case config::Setting::Kind::boolean: builder.boolean(setting.text == "true"); break;
        }
    }
    builder.close();
    return std::move(builder).finish();
}

}  // namespace headgate::gateway
