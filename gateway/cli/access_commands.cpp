#include "gateway/cli/access_commands.hpp"

namespace headgate::gateway {

AccessCommands::AccessCommands(CLI::App& app)
{
    auto* token = app.add_subcommand("token", "Who may call the admin API");
    token->require_subcommand(1);
    token_add_ = token->add_subcommand("add", "Make a token: printed once, and only its hash is kept");
    token_add_->add_option("name", token_.name, "Who it is for: in logs and in the audit log")
        ->required()
        ->type_name({});
    token_add_->add_option("--role", token_.role, "viewer, operator, approver or admin")->required()->type_name("ROLE");
    token_add_->add_option("--channels", token_.channels, "Only what came by these, a,b")
        ->delimiter(',')
        ->type_name("LIST");
    token_add_->add_option("--types", token_.types, "Only these canonical types")->delimiter(',')->type_name("LIST");
    token_add_->add_option("--queues", token_.queues, "Only what waits in these queues")
        ->delimiter(',')
        ->type_name("LIST");
    token_add_->add_flag("--machine", token_.machine, "For a program: it never decides for a person");
    token_add_->add_option("--expires", token_.expires, "From this day or time on it counts no more")
        ->type_name("DATE");
    auto* config =
        token_add_->add_option("--config", token_.config, "Folder with headgate.yaml: the hash goes to its tokens/")
            ->type_name("DIR");
    token_add_->add_option("--data", token_.data, "Data folder, when the hash is to go to its tokens/")
        ->type_name("DIR")
        ->default_str("./data")
        ->excludes(config);

    auto* audit = app.add_subcommand("audit", "Who changed what through the admin API");
    audit->require_subcommand(1);
    audit_list_ = audit->add_subcommand("list", "Changes and reveals, newest first");
    audit_list_->add_option("--limit", audit_.limit, "Rows at most")->type_name("N")->default_str("50");
    audit_verify_ = audit->add_subcommand("verify", "Read the file and find lines that were changed");
    audit_verify_
        ->add_option("--head", audit_.head, "A head that was kept elsewhere: finds lines taken off the end, too")
        ->type_name("HASH")
        ->check([](const std::string& text) -> std::string {
            const bool hex = text.find_first_not_of("0123456789abcdef") == std::string::npos;
            return text.size() == 64 && hex ? "" : "a head is 64 hexadecimal digits, as `audit verify` prints it";
        });
    for (auto* command : {audit_list_, audit_verify_}) {
        command->add_option("--data", audit_.data, "Data folder")->type_name("DIR")->default_str("./data");
        command->add_flag("--json", audit_.json, "Print JSON for machines");
    }
}

std::optional<int> AccessCommands::run() const
{
    if (*token_add_)
        return token_add_command(token_);
    if (*audit_list_)
        return audit_list_command(audit_);
    if (*audit_verify_)
        return audit_verify_command(audit_);
    return std::nullopt;
}

}  // namespace headgate::gateway
