-- Adds records to entities' sorted sets, by their arrival. What a full set displaces is added to the hour of its own
-- time, in the hash beside it: a field per day, with the count and the cents of each of its hours, 8 bytes each.
-- KEYS: a set and its hash per record.
-- ARGV: most records, ms kept, µs of an hour, days kept; then a record and its arrival in µs each.
local most, kept_ms, hour_us, days_kept = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

-- at, cents: of acude.risk.payment.RECORD, which begins with time, id and cents, 8 bytes each.
local function add_to_hour(hours, at, cents)
    local hour = math.floor(at / hour_us)
    local day = math.floor(hour / 24)
    local sums = redis.call('HGET', hours, day)
    if not sums then
        sums = string.rep('\0', 24 * 16)
        for _, old in ipairs(redis.call('HKEYS', hours)) do
            if tonumber(old) < day - days_kept then
                redis.call('HDEL', hours, old)
            end
        end
    end
    local place = (hour - day * 24) * 16
    local count, sum = struct.unpack('<i8i8', sums, place + 1)
    local renewed = struct.pack('<i8i8', count + 1, sum + cents)
    redis.call('HSET', hours, day, sums:sub(1, place) .. renewed .. sums:sub(place + 17))
end

for place = 1, #KEYS, 2 do
    local records, hours = KEYS[place], KEYS[place + 1]
    -- A record that is there already displaces none.
    if redis.call('ZADD', records, ARGV[place + 5], ARGV[place + 4]) == 1 then
        local over = redis.call('ZCARD', records) - most
        if over > 0 then
            local displaced = redis.call('ZPOPMIN', records, over)
            for n = 1, #displaced, 2 do
                add_to_hour(hours, struct.unpack('<i8', displaced[n]), struct.unpack('<i8', displaced[n], 17))
            end
            redis.call('PEXPIRE', hours, kept_ms)
        end
    end
    redis.call('PEXPIRE', records, kept_ms)
end
