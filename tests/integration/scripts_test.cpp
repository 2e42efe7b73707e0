#include <fstream>

#include "redis_server.hpp"
#include "retry/scripts.hpp"

namespace headgate::test {

TEST(ScriptsTest, BeginWithTheirFlagsAndHaveEveryIncludeInPlace)
{
    auto scripts = retry::Scripts::load();

    ASSERT_TRUE(scripts);
    EXPECT_TRUE(scripts->accept.source.starts_with("#!lua\n"));
    for (const auto* script : {&scripts->lease, &scripts->reserve, &scripts->finish, &scripts->bury, &scripts->readmit,
                               &scripts->archive, &scripts->place, &scripts->take, &scripts->resolve, &scripts->release,
                               &scripts->decide, &scripts->spill, &scripts->pause, &scripts->xref})
        EXPECT_TRUE(script->source.starts_with("#!lua flags=allow-oom\n")) << script->name;
    for (const auto* script : {&scripts->tally, &scripts->verify, &scripts->letters, &scripts->waiting, &scripts->next,
                               &scripts->known, &scripts->overdue, &scripts->behind})
        EXPECT_TRUE(script->source.starts_with("#!lua flags=no-writes,allow-oom\n")) << script->name;
    for (const auto* script : {&scripts->accept, &scripts->finish, &scripts->tally, &scripts->letters, &scripts->place,
                               &scripts->take, &scripts->resolve, &scripts->readmit, &scripts->next, &scripts->known}) {
        EXPECT_EQ(script->source.find("--include"), std::string::npos) << script->name;
        EXPECT_EQ(script->source.find("tostring"), std::string::npos) << script->name;
    }
}

TEST(ScriptsTest, TakeAFileOfTheOverridesFolderFirst)
{
    TempFolder folder;
    std::ofstream(folder.path() / "tally.lua") << "#!lua\nreturn 1\n";

    auto scripts = retry::Scripts::load(folder.path());

    ASSERT_TRUE(scripts);
    EXPECT_EQ(scripts->tally.source, "#!lua\nreturn 1\n");
    EXPECT_NE(scripts->tally.sha1, retry::Scripts::load()->tally.sha1);
    EXPECT_EQ(scripts->accept.sha1, retry::Scripts::load()->accept.sha1);
}

TEST(ScriptsTest, NameTheOneThatIsMissing)
{
    TempFolder folder;
    std::ofstream(folder.path() / "tally.lua") << "#!lua\n--include nowhere\n";

    auto scripts = retry::Scripts::load(folder.path());

    ASSERT_FALSE(scripts);
    EXPECT_EQ(scripts.error().code, "script_missing");
    EXPECT_EQ(scripts.error().detail, "nowhere.lua");
}

}  // namespace headgate::test
