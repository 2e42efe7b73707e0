#include <gmock/gmock.h>

#include "tests/flow/operating.hpp"

namespace headgate::test {

namespace {

using ::testing::HasSubstr;

class AdminApi : public OperatingFlow {};

TEST_F(AdminApi, NamesWhatThereIsAndWhichMethodsItTakes)
{
    ASSERT_TRUE(begin()) << headgate_->log();
    for (const auto* path : {"", "event", "events/", "systems/erp", "systems/erp/stop", "systems//pause",
                             "channels/shop", "holds/x/y", "xref/erp", "xref/kinds/x", "verify/x"}) {
        const auto [status, text] = headgate_->admin("GET", "/api/v1/" + std::string(path));
        const bool there = std::string_view(path) == "events/";  // a slash at the end is the same thing
        EXPECT_EQ(status, there ? 200 : 404) << path;
        EXPECT_THAT(text, HasSubstr(there ? "\"events\":[]" : "xref/import")) << path;
    }
    EXPECT_THAT(headgate_->admin("POST", "/api/v1/xref").second,
                HasSubstr(R"("wrong_method","detail":"this resource is for GET, PUT, DELETE")"));
    for (const auto& [method, path] :
         {std::pair{"POST", "systems"}, std::pair{"GET", "systems/erp/pause"}, std::pair{"PUT", "channels/shop/resume"},
          std::pair{"DELETE", "holds"}, std::pair{"PUT", "xref/import"}, std::pair{"PATCH", "channels"}})
        EXPECT_EQ(headgate_->admin(method, "/api/v1/" + std::string(path)).first, 405) << method << " " << path;
}

TEST_F(AdminApi, TellsEverySystemAndChannelAndNoSecret)
{
    ASSERT_TRUE(begin()) << headgate_->log();

    const auto system = row("systems", "erp");
    EXPECT_EQ(system.at("preset").as_string(), "http");
    EXPECT_EQ(system.at("url").as_string(), "http://127.0.0.1:" + std::to_string(erp_.port()));
    EXPECT_TRUE(system.at("paused").is_null());
    EXPECT_TRUE(system.at("failing").is_null());
    EXPECT_EQ(system.at("deliveries"), boost::json::parse(R"({"ready":0,"due":0,"busy":0})"));
    const auto channel = row("channels", "outlet");
    EXPECT_EQ(channel.at("connector").as_string(), "shopify");
    EXPECT_EQ(channel.at("source").as_string(), "outlet");
    EXPECT_EQ(channel.at("mode").as_string(), "live");
    EXPECT_EQ(channel.at("waiting").as_int64(), 0);
    for (const auto* list : {"systems", "channels"})
        EXPECT_EQ(headgate_->admin("GET", "/api/v1/" + std::string(list)).second.find(headgate_->secret("outlet")),
                  std::string::npos);
}

}  // namespace

}  // namespace headgate::test
