-- What disputes say of payments at terminals; the last word on a payment holds, whichever comes first.
-- KEYS: of each dispute the terminal's words and frauds, under the present secret and then under each former one.
-- ARGV: keys per dispute, ms kept, µs kept; then of each dispute the payment, its word, its time in µs, 1 if a fraud.
local step, kept_ms, kept_us = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

for n = 0, #KEYS / step - 1 do
    local place = 3 + n * 4
    local payment, word, at = ARGV[place + 1], tonumber(ARGV[place + 2]), ARGV[place + 3]
    local holds = true
    for k = n * step + 1, (n + 1) * step, 2 do
        local said = redis.call('ZSCORE', KEYS[k], payment)
        holds = holds and not (said and tonumber(said) > word)
    end
    if holds then
        local words, frauds = KEYS[n * step + 1], KEYS[n * step + 2]
        redis.call('ZADD', words, ARGV[place + 2], payment)
        -- A word is twice its time.
        redis.call('ZREMRANGEBYSCORE', words, '-inf', word - 2 * kept_us)
        redis.call('PEXPIRE', words, kept_ms)
        if ARGV[place + 4] == '1' then
            redis.call('ZADD', frauds, at, payment)
            redis.call('ZREMRANGEBYSCORE', frauds, '-inf', tonumber(at) - kept_us)
            redis.call('PEXPIRE', frauds, kept_ms)
        else
            for k = n * step + 2, (n + 1) * step, 2 do
                redis.call('ZREM', KEYS[k], payment)
            end
        end
    end
end
