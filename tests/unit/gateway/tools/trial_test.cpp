#include "gateway/tools/trial.hpp"

#include <gmock/gmock.h>

#include "gateway/configuration.hpp"
#include "gateway/stages/decode.hpp"
#include "gateway/stages/map.hpp"
#include "tests/unit/gateway/tools/tools_fixture.hpp"

namespace headgate::gateway {

namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class TrialTest : public ToolsTest {
protected:
    const Channel& channel()
    {
        ChannelConfig channel;
        channel.name = channel.connector = "acme";
        channel.zone = "UTC";
        LoadOptions options;
        options.folder = options.shipped = folder_;
        loaded_ = load_channels(options, {channel});
        return *loaded_.configuration->channel("acme");
    }

    Trial tried(const std::string& body) { return try_out(channel(), {body, {}, {{"x-topic", "placed"}}}); }

    /// What the letter of an event with this body says.
    std::string letter(const std::string& body)
    {
        Event event;
        event.channel = &channel();
        event.envelope.topic = "placed";
        event.envelope.body = body;
        const auto decoded = decode(event);
        return map(event, *decoded).error().detail;
    }

    LoadedConfiguration loaded_;
    const std::string order_ =
        R"("number":7,"revision":2,"state":"open","made":"2026-11-02 15:30","items":[{"id":"a","price":"2.5"}])";
};

TEST_F(TrialTest, ARequestThatWouldBeRefusedIsMappedAndSaidToBe)
{
    const auto taken = tried(R"({"event":"e1","order":{)" + order_ + "}}");
    EXPECT_FALSE(taken.refused);
    EXPECT_THAT(taken.notes, IsEmpty());

    const auto refused = tried(R"({"order":{)" + order_ + "}}");
    EXPECT_TRUE(refused.refused);
    EXPECT_EQ(refused.made.size(), 1U);
    EXPECT_THAT(refused.notes, Contains(HasSubstr("400 idempotency_key_missing")));
}

TEST_F(TrialTest, ABodyThatCannotBeReadIsToldBeforeWhatIsMissingInIt)
{
    const auto trial = tried("<order/>");

    EXPECT_TRUE(trial.refused);
    ASSERT_TRUE(trial.failure);
    EXPECT_EQ(trial.failure->stage, "decode");
    EXPECT_EQ(trial.failure->failure.code, "json_syntax");
}

TEST_F(TrialTest, ADocumentThatIsNotThereIsNamed)
{
    EXPECT_THAT(tried(R"({"event":"e1",)" + order_ + "}").notes,
                Contains(HasSubstr("`document: .order` is null in this body")));
    EXPECT_EQ(letter(R"({"event":"e1","ordre":{"number":7}})"),
              "entity: is null; `document: .order` is null in this body, so the mapping started at the body itself");
    EXPECT_EQ(letter(R"({"event":"e1","order":{}})"), "entity: is null");
}

}  // namespace

}  // namespace headgate::gateway
