#include "gateway/event_loop.hpp"

#include <pthread.h>

#include "core/give_way.hpp"

namespace headgate::gateway {

EventLoop::EventLoop(net::RedisOptions redis)
    : guard_(io_.get_executor()),
      redis_(std::make_unique<net::Redis>(io_.get_executor(), std::move(redis)))
{}

EventLoop::~EventLoop()
{
    join();
}

void EventLoop::start(std::string name, Priority priority, Crash crash)
{
    thread_ = std::thread([this, name = std::move(name), priority, crash = std::move(crash)] {
        ::pthread_setname_np(::pthread_self(), name.c_str());
        if (priority == Priority::background)
            give_way();
        try {
            io_.run();
        } catch (const std::exception& error) {
            crash(error.what());
        }
    });
}

void EventLoop::join()
{
    if (!thread_.joinable())
        return;
    guard_.reset();
    io_.stop();
    thread_.join();
}

}  // namespace headgate::gateway
