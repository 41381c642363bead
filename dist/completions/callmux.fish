# What can stand at the end of the line says callmux itself: it knows the names of servers and clients.
function __callmux_complete
    set -l word (commandline --current-token --cut-at-cursor)
    for said in (callmux complete fish (commandline --current-process --cut-at-cursor | string collect) 2>/dev/null)
        switch $said
            case :files
                set -l option (string match --regex -- '^--[^=]*=' $word; or echo)
                for path in (__fish_complete_path (string replace -- "$option" '' $word))
                    echo $option$path
                end
            case :programs
                complete --do-complete $word
            case '*'
                echo $said
        end
    end
end

complete --command callmux --no-files --keep-order --arguments '(__callmux_complete)'
