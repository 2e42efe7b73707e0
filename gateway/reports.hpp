#pragma once

#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include "gateway/admission.hpp"
#include "gateway/configuration.hpp"
#include "gateway/systems/vendor_api.hpp"
#include "net/redis/connection.hpp"

namespace headgate::gateway {

/// Puts the files of a vendor's reports into the folder of their channel, each once, from where they are read like any
/// other file. One thread: its executor's; the disk has one of its own.
class Reports {
public:
    Reports(asio::any_io_executor executor, net::Redis& redis, Admission& admission, std::string folder);
    Reports(const Reports&) = delete;
    Reports& operator=(const Reports&) = delete;
    ~Reports();

    /// The report that an item of a poll is: true when it was put there now, false when it was before. One that cannot
    /// be got for good (no such file, no feed for its name) is a letter, and others go on. Fails for now, as the API,
    /// the disk and Redis do.
    Task<bool> fetch(const Channel& channel, const Poll& poll, VendorApi& api, const mapping::MappingContext& item);

private:
    Task<bool> get(const Channel& channel, const Poll& poll, VendorApi& api, const mapping::MappingContext& item,
                   std::string id, std::string name);
    Task<void> bury(const Channel& channel, const Poll& poll, const mapping::MappingContext& item, std::string id,
                    const Failure& failure);

    asio::any_io_executor executor_;
    net::Redis& redis_;
    Admission& admission_;
    std::string folder_;
    asio::thread_pool disk_{1};
};

}  // namespace headgate::gateway
