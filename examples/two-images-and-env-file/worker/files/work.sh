while wget -q -O /tmp/page http://api:8080/; do sleep 1; done
