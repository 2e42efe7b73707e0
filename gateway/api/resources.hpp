#pragma once

#include "core/async.hpp"
#include "gateway/api/answers.hpp"
#include "gateway/api/means.hpp"

namespace headgate::gateway::api {

// What each request to /api/v1 is answered with; the table of gateway/admin_api.cpp says which is whose.

using Handler = asio::awaitable<net::Response> (*)(const Means& with, const Call& call);

// events.cpp: what has arrived and what became of it.
asio::awaitable<net::Response> list_events(const Means& with, const Call& call);
asio::awaitable<net::Response> show_event(const Means& with, const Call& call);
asio::awaitable<net::Response> event_body(const Means& with, const Call& call);

// letters.cpp: what needs a person.
asio::awaitable<net::Response> list_letters(const Means& with, const Call& call);
asio::awaitable<net::Response> list_causes(const Means& with, const Call& call);
asio::awaitable<net::Response> show_letter(const Means& with, const Call& call);
asio::awaitable<net::Response> replay_letter(const Means& with, const Call& call);
asio::awaitable<net::Response> discard_letter(const Means& with, const Call& call);

// letter_export.cpp: letters with all that came.
asio::awaitable<net::Response> export_letters(const Means& with, const Call& call);

// letter_import.cpp: these, from elsewhere.
asio::awaitable<net::Response> import_letters(const Means& with, const Call& call);

// edits.cpp: what people change of letters.
asio::awaitable<net::Response> edit_letter(const Means& with, const Call& call);
asio::awaitable<net::Response> edit_letters(const Means& with, const Call& call);

// polls.cpp: what vendors are asked for.
asio::awaitable<net::Response> list_polls(const Means& with, const Call& call);
asio::awaitable<net::Response> run_polls(const Means& with, const Call& call);

// registration.cpp: what vendors send where.
asio::awaitable<net::Response> list_subscriptions(const Means& with, const Call& call);
asio::awaitable<net::Response> make_subscriptions(const Means& with, const Call& call);

// plans.cpp: what a replay would come to.
asio::awaitable<net::Response> plan_letters(const Means& with, const Call& call);
asio::awaitable<net::Response> plan_letter(const Means& with, const Call& call);

// replays.cpp: many letters back to work.
asio::awaitable<net::Response> list_replays(const Means& with, const Call& call);
asio::awaitable<net::Response> start_replay(const Means& with, const Call& call);
asio::awaitable<net::Response> show_replay(const Means& with, const Call& call);
asio::awaitable<net::Response> pause_replay(const Means& with, const Call& call);
asio::awaitable<net::Response> resume_replay(const Means& with, const Call& call);
asio::awaitable<net::Response> cancel_replay(const Means& with, const Call& call);

// systems.cpp: where transactions are applied.
asio::awaitable<net::Response> list_systems(const Means& with, const Call& call);
asio::awaitable<net::Response> pause_system(const Means& with, const Call& call);
asio::awaitable<net::Response> resume_system(const Means& with, const Call& call);

// channels.cpp: where events come from.
asio::awaitable<net::Response> list_channels(const Means& with, const Call& call);
asio::awaitable<net::Response> pause_channel(const Means& with, const Call& call);
asio::awaitable<net::Response> resume_channel(const Means& with, const Call& call);

// hold_list.cpp: deliveries that wait for a person.
asio::awaitable<net::Response> list_holds(const Means& with, const Call& call);
asio::awaitable<net::Response> show_hold(const Means& with, const Call& call);

// approvals.cpp: those that a rule holds.
asio::awaitable<net::Response> approve_hold(const Means& with, const Call& call);
asio::awaitable<net::Response> reject_hold(const Means& with, const Call& call);

// holds.cpp: those of which nobody knows whether they arrived.
asio::awaitable<net::Response> hold_arrived(const Means& with, const Call& call);
asio::awaitable<net::Response> hold_not_arrived(const Means& with, const Call& call);

// work.cpp: what is missing, and how much waits for it.
asio::awaitable<net::Response> list_work(const Means& with, const Call& call);
asio::awaitable<net::Response> resolve_work(const Means& with, const Call& call);

// references.cpp: what systems call things of ours.
asio::awaitable<net::Response> get_reference(const Means& with, const Call& call);
asio::awaitable<net::Response> put_reference(const Means& with, const Call& call);
asio::awaitable<net::Response> forget_reference(const Means& with, const Call& call);
asio::awaitable<net::Response> list_reference_kinds(const Means& with, const Call& call);
asio::awaitable<net::Response> export_references(const Means& with, const Call& call);
asio::awaitable<net::Response> import_references(const Means& with, const Call& call);

// vocabularies.cpp: the entries that people added.
asio::awaitable<net::Response> list_entries(const Means& with, const Call& call);
asio::awaitable<net::Response> put_entry(const Means& with, const Call& call);
asio::awaitable<net::Response> forget_entry(const Means& with, const Call& call);

// state.cpp: what is counted.
asio::awaitable<net::Response> list_unmapped(const Means& with, const Call& call);
asio::awaitable<net::Response> verify_state(const Means& with, const Call& call);

// audit.cpp: who changed what.
asio::awaitable<net::Response> list_audit(const Means& with, const Call& call);

// route.cpp: what may be asked, and by whom.
asio::awaitable<net::Response> list_routes(const Means& with, const Call& call);

// openapi.cpp: the same for machines, as OpenAPI.
asio::awaitable<net::Response> show_openapi(const Means& with, const Call& call);

}  // namespace headgate::gateway::api
