# Completion of `scaffold` for bash. In ~/.bashrc: eval "$(scaffold completion bash)"

_scaffold() {
    local program=${1/#\~\//$HOME/} line
    command -v -- "$program" > /dev/null || program=scaffold
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :files*) type compopt &> /dev/null && compopt -o default ;;
            :folders*) type compopt &> /dev/null && compopt -o dirnames ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("$program" _complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}

complete -F _scaffold scaffold
