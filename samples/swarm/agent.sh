# How many of the web tasks answer, again and again. Addresses may go while they are asked: few answers are asked for twice.
count() {
  answers=0
  for address in $(nslookup web 127.0.0.11 2>/dev/null | awk '/^Name/ {found = 1} found && /^Address/ {print $NF}'); do
    printf 'GET / HTTP/1.0\r\n\r\n' | nc -w 1 "$address" 80 2>/dev/null | grep -q '^web' && answers=$((answers + 1))
  done
}
last=0
while :; do
  count
  [ "$answers" -ge "$last" ] || count
  echo "$(date +%T) answers $answers"
  last=$answers
  sleep 0.2
done
