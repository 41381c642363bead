# What can stand at the end of the line says callmux itself: it knows the names of servers and clients.
_callmux() {
    local IFS=$'\n' said
    COMPREPLY=()
    for said in $(callmux complete bash "${COMP_LINE:0:COMP_POINT}" 2>/dev/null); do
        case $said in
        :files) compopt -o default ;;
        :programs)
            compopt -o default
            COMPREPLY+=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
            ;;
        *=)
            # Its value comes right behind it.
            compopt -o nospace
            COMPREPLY+=("$said")
            ;;
        *) COMPREPLY+=("$said") ;;
        esac
    done
}

complete -F _callmux callmux
