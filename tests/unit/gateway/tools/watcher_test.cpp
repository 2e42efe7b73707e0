#include "gateway/tools/watcher.hpp"

#include <future>

#include "tests/unit/gateway/tools/tools_fixture.hpp"

namespace headgate::gateway {

namespace {

TEST_F(ToolsTest, AWatcherTellsOfWhatIsWrittenInAnyFolderOfATree)
{
    Watcher watcher;
    watcher.tree(folder_);

    write("connectors/acme/mappings/other.yaml", "a: 1\n");
    watcher.wait("body.txt");  // hangs when it was not told

    write("body.txt", "x");
    watcher.wait("body.txt");
}

TEST_F(ToolsTest, AWatcherWaitsThroughFilesThatDoNotMatter)
{
    Watcher watcher;
    watcher.folder(folder_);
    write("notes.txt", "x");

    auto waiting = std::async(std::launch::async, [&] { watcher.wait("body.txt"); });
    EXPECT_EQ(waiting.wait_for(std::chrono::milliseconds(150)), std::future_status::timeout);
    write("body.txt", "x");

    EXPECT_EQ(waiting.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

}  // namespace

}  // namespace headgate::gateway
