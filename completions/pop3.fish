# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pop3_global_optspecs
    string join \n q/quiet v/verbose trace= json color= progress= config= h/help V/version
end

function __fish_pop3_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pop3_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pop3_using_subcommand
    set -l cmd (__fish_pop3_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pop3 -n "__fish_pop3_needs_command" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_needs_command" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_needs_command" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_needs_command" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_needs_command" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_needs_command" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_needs_command" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_needs_command" -s V -l version -d 'Print version'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "fetch" -d 'Fetch new messages into a Maildir, an mbox or a command'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "problems" -d 'Show the messages that could not be fetched'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "list" -d 'List the messages: number, octets, date, from, subject, new or fetched'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "stat" -d 'Show how many messages there are, and their total octets (STAT)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "uidl" -d 'Show the unique-ids of messages (UIDL)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "capa" -d 'Show the server\'s capabilities, before and after sign-in (CAPA)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "top" -d 'Show the header and the first lines of a message (TOP)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "retr" -d 'Write messages to standard output or a file, byte for byte (RETR)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "dele" -d 'Delete messages on the server (DELE)'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "last" -d 'Show the highest message-number accessed so far, if the server supports LAST'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "noop" -d 'Sign in, send NOOP, and sign out, to test the sign-in'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "shell" -d 'Start an interactive session with every verb of the protocol'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "check" -d 'Check the server, the sign-in and the destination, and say what to do'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "auth" -d 'Store passwords and OAuth tokens in the keyring, or in a file that only you may read'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "state" -d 'Show the journal of fetched messages, or remove entries from it'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "accounts" -d 'List the accounts that are configured'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "config" -d 'Check the configuration file, or show the effective settings'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "demo" -d 'Show how pop3 works, with a built-in server and sample mail'
complete -c pop3 -n "__fish_pop3_needs_command" -f -a "completions" -d 'Print the completion script for a shell'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l to -d 'Deliver into DEST: maildir:PATH, mbox:PATH, command:CMD, or a path [env: POP3_TO]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l keep -d 'Keep on the server: all, none, 14d (an age), 500 (the newest), or 800MB (the newest) [default: all] [env: POP3_KEEP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l max-size -d 'Leave messages larger than SIZE on the server: 500k, 10M [env: POP3_MAX_SIZE]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l limit -d 'Fetch at most N messages in this run [env: POP3_LIMIT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l order -d 'Fetch the oldest or the newest first [default: oldest] [env: POP3_ORDER]' -r -f -a "oldest\t''
newest\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l max-delete -d 'Delete nothing at all if more than N messages would be deleted [env: POP3_MAX_DELETE]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l dry-run -d 'Print what would be fetched, deleted and kept, and why; change nothing [env: POP3_DRY_RUN]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l refetch -d 'Fetch again what was fetched before and is still on the server'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l now -d 'Sign in now, even if the password was refused before'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand fetch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l retry -d 'Retry messages now: uid:UNIQUE-ID, or all' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l skip -d 'Give up on messages for good: uid:UNIQUE-ID, or all' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l to -d 'Deliver the retried messages into DEST instead of the account\'s destination [env: POP3_TO]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand problems" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l from -d 'List only messages with TEXT in the From field (name or address), ignoring case' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l subject -d 'List only messages with TEXT in the subject, ignoring case' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l larger -d 'List only messages larger than SIZE: 500k, 10M' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l sort -d 'Sort by number, date, size, from or subject, in ascending order [default: as named]' -r -f -a "number\t''
date\t''
size\t''
from\t''
subject\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l new -d 'List only messages that were not fetched yet, according to the journal'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l reverse -d 'Reverse the order'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand stat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand uidl" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand capa" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand top" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s o -l output -d 'Write to this file or folder instead of standard output' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l force -d 'Overwrite files that exist already'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand retr" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s y -l yes -d 'Delete without asking'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand dele" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand last" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand noop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand shell" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l all -d 'Check all accounts of the configuration file that are enabled'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -f -a "login" -d 'Sign in once, by OAuth or with a password, and store the secret'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -f -a "status" -d 'Show what is stored for which account, where, and until when it is valid'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and not __fish_seen_subcommand_from login status logout" -f -a "logout" -d 'Remove what is stored for an account, and revoke its OAuth token if the provider supports that'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l device -d 'By OAuth: enter a code in any browser, on any computer'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l browser -d 'By OAuth: open an address in a browser, preferably on this computer'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand auth; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -f -a "show" -d 'Show what the journal records about each message'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and not __fish_seen_subcommand_from show forget" -f -a "forget" -d 'Forget messages, so that they are fetched again if they are still on the server'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l all -d 'Forget all messages'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand state; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand accounts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -f -a "check" -d 'Show every mistake in the configuration file, with its line and what to do'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and not __fish_seen_subcommand_from check show" -f -a "show" -d 'Show the effective settings of an account, and where each comes from'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l to -d 'Deliver into DEST: maildir:PATH, mbox:PATH, command:CMD, or a path [env: POP3_TO]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l keep -d 'Keep on the server: all, none, 14d (an age), 500 (the newest), or 800MB (the newest) [default: all] [env: POP3_KEEP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l max-size -d 'Leave messages larger than SIZE on the server: 500k, 10M [env: POP3_MAX_SIZE]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l limit -d 'Fetch at most N messages in this run [env: POP3_LIMIT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l order -d 'Fetch the oldest or the newest first [default: oldest] [env: POP3_ORDER]' -r -f -a "oldest\t''
newest\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l max-delete -d 'Delete nothing at all if more than N messages would be deleted [env: POP3_MAX_DELETE]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s a -l account -d 'Use an account of the configuration file [env: POP3_ACCOUNT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s s -l server -d 'Use this server: pop3s://[user@]host[:port], pop3://[user@]host[:port] or pop3+unix:///path [env: POP3_SERVER]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s u -l user -d 'Sign in as this user, if the URL names none [env: POP3_USER]' -r -f -a "(__fish_complete_users)"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l proxy -d 'Connect through a SOCKS5 proxy: socks5h://[user@]host[:port], or none [env: POP3_PROXY]' -r -f
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l tunnel -d 'Talk to the server through this command\'s standard input and output [env: POP3_TUNNEL]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l source-ip -d 'Connect from this local address [env: POP3_SOURCE_IP]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l tls -d 'Encrypt the connection: implicit, stls or none [env: POP3_TLS]' -r -f -a "implicit\t''
stls\t''
none\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l ca-file -d 'Trust the certificate authorities in this file, instead of the system\'s [env: POP3_CA_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l pin -d 'Trust exactly this certificate, or this key (spki-sha256:HEX), by its SHA-256 [env: POP3_PIN]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-min -d 'Refuse TLS older than this: 1.2 or 1.3 [env: POP3_TLS_MIN]' -r -f -a "1.2\t''
1.3\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l tls-host -d 'Expect this name in the certificate, instead of the host\'s [env: POP3_TLS_HOST]' -r -f -a "(__fish_print_hostnames)"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l client-cert -d 'Present this client certificate: PEM, or PKCS#12 with its key [env: POP3_CLIENT_CERT]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l client-key -d 'Read the key of that certificate from this file, which others may not read [env: POP3_CLIENT_KEY]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l timeout -d 'Give up if the server is silent, or a phase lasts, for this long: 30s, 2m [default: 60s] [env: POP3_TIMEOUT]' -r
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l pipelining -d 'Send commands ahead of the answers to earlier ones: auto, on or off [default: auto] [env: POP3_PIPELINING]' -r -f -a "auto\t''
on\t''
off\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l auth -d 'Sign in by this mechanism: auto, scram-sha-256, plain, xoauth2 and so on [env: POP3_AUTH]' -r -f -a "auto\t''
user\t''
login\t''
plain\t''
apop\t''
cram-md5\t''
scram-sha-1\t''
scram-sha-256\t''
scram-sha-1-plus\t''
scram-sha-256-plus\t''
external\t''
xoauth2\t''
oauthbearer\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l password-command -d 'Read the password from the first line this command prints [env: POP3_PASSWORD_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l password-file -d 'Read the password from the first line of this file, which others may not read [env: POP3_PASSWORD_FILE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l dry-run -d 'Print what would be fetched, deleted and kept, and why; change nothing [env: POP3_DRY_RUN]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l refetch -d 'Fetch again what was fetched before and is still on the server'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l now -d 'Sign in now, even if the password was refused before'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s 4 -d 'Use IPv4 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s 6 -d 'Use IPv6 only [env: POP3_IP_VERSION]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l password-stdin -d 'Read the password from the first line of standard input [env: POP3_PASSWORD_STDIN]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -l trace -d 'Write the dialogue with the server to standard error, or to FILE, secrets hidden [env: POP3_TRACE]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -l color -d 'Use colour: auto, always or never [env: POP3_COLOR]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -l progress -d 'Show progress bars: auto, always or never [env: POP3_PROGRESS]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -l config -d 'Read this configuration file instead of the usual one [env: POP3_CONFIG]' -r -F
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -s q -l quiet -d 'Print only errors [env: POP3_QUIET]'
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -s v -l verbose -d 'Print the steps; -vv also prints a line for each fetched message [env: POP3_VERBOSE]'
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -l json -d 'Print JSON, one object a line [env: POP3_JSON]'
complete -c pop3 -n "__fish_pop3_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
