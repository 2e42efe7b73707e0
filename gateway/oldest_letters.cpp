#include "gateway/oldest_letters.hpp"

#include <utility>

namespace headgate::gateway {

void OldestLetters::restart()
{
    for (std::size_t partition = 0; partition < shares_.size(); ++partition)
        shares_[partition] = Share{{}, retry::LetterCursor{static_cast<Partition>(partition), {}, {}, {}}};
}

std::optional<retry::LetterCursor> OldestLetters::wanted() const
{
    for (const Share& share : shares_)
        if (share.letters.empty() && share.next)
            return share.next;
    return std::nullopt;
}

void OldestLetters::add(Partition partition, retry::ResidentPage page)
{
    Share& share = shares_[partition];
    share.letters.insert(share.letters.end(), page.letters.begin(), page.letters.end());
    share.next = page.next;
}

std::optional<OldestLetters::Letter> OldestLetters::take()
{
    Share* oldest = nullptr;
    for (Share& share : shares_)
        if (!share.letters.empty() && (oldest == nullptr || share.letters.front().at < oldest->letters.front().at))
            oldest = &share;
    if (oldest == nullptr)
        return std::nullopt;
    const auto& front = oldest->letters.front();
    const Letter letter{static_cast<Partition>(oldest - shares_.data()), front.event, front.bytes};
    oldest->letters.pop_front();
    return letter;
}

}  // namespace headgate::gateway
