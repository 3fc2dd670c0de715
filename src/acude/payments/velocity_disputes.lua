-- Disputes on payments at terminals; the one with the highest rank holds (acude.risk.disputes), whichever comes first.
-- KEYS: of each dispute its terminal's ranks and frauds, by the present secret and then by each former one.
-- ARGV: keys per dispute, ms kept, µs kept; then of each dispute the payment, its rank, its time in µs, 1 if a fraud.
local step, kept_ms, kept_us = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])

for n = 0, #KEYS / step - 1 do
    local place = 3 + n * 4
    local payment, rank, at = ARGV[place + 1], tonumber(ARGV[place + 2]), ARGV[place + 3]
    local holds = true
    for k = n * step + 1, (n + 1) * step, 2 do
        local known = redis.call('ZSCORE', KEYS[k], payment)
        holds = holds and not (known and tonumber(known) > rank)
    end
    if holds then
        local ranks, frauds = KEYS[n * step + 1], KEYS[n * step + 2]
        redis.call('ZADD', ranks, ARGV[place + 2], payment)
        -- A rank is twice its time.
        redis.call('ZREMRANGEBYSCORE', ranks, '-inf', rank - 2 * kept_us)
        redis.call('PEXPIRE', ranks, kept_ms)
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
