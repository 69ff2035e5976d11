#compdef scaffold
# Completion of `scaffold` for zsh. In ~/.zshrc: eval "$(scaffold completion zsh)"

_scaffold() {
    local program=${~words[1]} line
    local -a lines entries
    whence -- $program > /dev/null || program=scaffold
    lines=("${(@f)$($program _complete "${(@Q)words[2,CURRENT-1]}" "$PREFIX" 2> /dev/null)}")
    for line in $lines; do
        case $line in
            :files*) compset -P '--*='; _files; return ;;
            :folders*) compset -P '--*='; _files -/; return ;;
            ?*) entries+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#entries )) && _describe 'scaffold' entries
}

if [[ $funcstack[1] == _scaffold ]]; then
    _scaffold "$@"
else
    (( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
    compdef _scaffold scaffold
fi
