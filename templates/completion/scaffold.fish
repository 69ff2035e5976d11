# Completion of `scaffold` for fish: scaffold completion fish > ~/.config/fish/completions/scaffold.fish

function __scaffold_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct | string collect)
    set -l program $words[1]
    type -q -- $program; or set program scaffold
    set -l lines ($program _complete $words[2..-1] "$current" 2> /dev/null)
    set -l option (string match -r -- '^--[^=]*=' "$current")
    set -l value (string replace -r -- '^--[^=]*=' '' "$current")
    switch "$lines[1]"
        case ':files*'
            for path in (__fish_complete_path "$value")
                echo "$option$path"
            end
        case ':folders*'
            for path in (__fish_complete_directories "$value" '')
                echo "$option$path"
            end
        case '*'
            printf '%s\n' $lines
    end
end

complete -c scaffold -f -a '(__scaffold_complete)'
