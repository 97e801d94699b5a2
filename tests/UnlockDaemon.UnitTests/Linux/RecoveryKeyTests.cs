using System.Text;
using FsCheck;
using FsCheck.Fluent;
using UnlockDaemon.Linux;
using Xunit;

namespace UnlockDaemon.UnitTests.Linux;

/// <summary>The form of a recovery key, and what is told of a slip.</summary>
public sealed class RecoveryKeyTests
{
    private const int Rounds = 200;

    /// <summary>All keys: eight numbers of 16 bits.</summary>
    private static readonly Gen<string> s_keys =
        from bits in Gen.ArrayOf(Gen.Choose(0, ushort.MaxValue), RecoveryKey.Groups)
        select string.Concat(bits.Select(static (value, place) => $"{(value * 11) + place + 1:000000}"));

    [Fact]
    public void GeneratedKeyIsWholeAndHasEightGroupsOfSixDigits()
    {
        using Passphrase key = new();
        for (int i = 0; i < Rounds; i++)
        {
            RecoveryKey.Generate(key);
            byte[] shown = new byte[RecoveryKey.ShownLength];
            RecoveryKey.Show(key, shown);
            Assert.Matches("^([0-9]{6}-){7}[0-9]{6}$", Encoding.ASCII.GetString(shown));
            Assert.Equal((RecoveryKeyReading.Whole, Encoding.ASCII.GetString(key.Bytes)),
                Read(Encoding.ASCII.GetString(shown)));
        }
    }

    [Fact]
    public void GeneratedKeysDifferInEveryGroup()
    {
        using Passphrase key = new();
        HashSet<string> seen = [];
        for (int i = 0; i < Rounds; i++)
        {
            RecoveryKey.Generate(key);
            for (int group = 0; group < RecoveryKey.Groups; group++)
                seen.Add(Encoding.ASCII.GetString(
                    key.Bytes.Slice(group * RecoveryKey.GroupLength, RecoveryKey.GroupLength)));
        }

        // Of 1,600 numbers of 16 bits some 20 meet by chance.
        Assert.True(seen.Count > Rounds * RecoveryKey.Groups * 95 / 100, $"{seen.Count} different groups");
    }

    [Fact]
    public void AnyKeyReadsWithOrWithoutSeparators() =>
        Check(static key => new[] { key, Shown(key, "-"), Shown(key, " "), Shown(key, " - "), $"  {Shown(key, "-")} " }
            .All(typed => Read(typed) == (RecoveryKeyReading.Whole, key)));

    [Fact]
    public void EveryWrongDigitIsToldWithItsGroup() => Check(static key =>
    {
        for (int place = 0; place < RecoveryKey.Length; place++)
        {
            for (char digit = '0'; digit <= '9'; digit++)
            {
                string typed = $"{key[..place]}{digit}{key[(place + 1)..]}";
                if (digit != key[place] && (Groups(typed) != Group(place) || Groups(Shown(typed, "-")) != Group(place)))
                    return false;
            }
        }

        return true;
    });

    [Fact]
    public void EverySwapOfNeighboursIsToldWithItsGroups() => Check(static key =>
    {
        for (int place = 0; place + 1 < RecoveryKey.Length; place++)
        {
            string typed = $"{key[..place]}{key[place + 1]}{key[place]}{key[(place + 2)..]}";
            if (typed != key && Groups(typed) != (Group(place) | Group(place + 1)))
                return false;
        }

        return true;
    });

    [Fact]
    public void EveryDigitLeftOutOrTypedTwiceIsTold() => Check(static key =>
    {
        for (int place = 0; place < RecoveryKey.Length; place++)
        {
            if (!IsTold(key.Remove(place, 1)) || !IsTold(key.Insert(place, key[place].ToString())))
                return false;
        }

        return true;

        static bool IsTold(string typed) => Groups(typed) != 0 && Read(typed).Digits == typed;
    });

    [Fact]
    public void ADigitLeftOutOfAGroupIsToldWithTheGroup() => Check(static key =>
        Enumerable.Range(0, RecoveryKey.Length).All(place =>
        {
            int inShown = place + (place / RecoveryKey.GroupLength);
            return Groups(Shown(key, "-").Remove(inShown, 1)) == Group(place);
        }));

    [Fact]
    public void TwoGroupsInEachOthersPlaceAreTold() => Check(static key =>
        Enumerable.Range(0, RecoveryKey.Groups - 1).All(group =>
        {
            int at = group * RecoveryKey.GroupLength;
            string first = key.Substring(at, RecoveryKey.GroupLength);
            string second = key.Substring(at + RecoveryKey.GroupLength, RecoveryKey.GroupLength);
            string typed = $"{key[..at]}{second}{first}{key[(at + (2 * RecoveryKey.GroupLength))..]}";
            return Groups(typed) == (1 << group | 1 << (group + 1));
        }));

    [Theory]
    [InlineData("")]
    [InlineData("correct horse battery staple")]
    [InlineData("1234-5678")]
    [InlineData("ключ от тома")]
    [InlineData("012345-123456-234567-345678-456789-567890-678901-78901x")]
    [InlineData("                                                       ")]
    public void AnOrdinaryPassphraseIsLeftAsItIs(string typed) =>
        Assert.Equal((RecoveryKeyReading.None, typed), Read(typed));

    [Fact]
    public void DigitsThatAreNoKeyAreTriedAsTheyAre()
    {
        (RecoveryKeyReading reading, string digits) = Read(new string('7', RecoveryKey.Length));
        Assert.False(reading.IsSlip);
        Assert.False(reading.IsWhole);
        Assert.Equal(new string('7', RecoveryKey.Length), digits);
    }

    [Fact]
    public void TheComplaintNamesTheGroups()
    {
        Assert.Equal("group 3 of the recovery key is mistyped", new RecoveryKeyReading(IsWhole: false, 4).Complaint);
        Assert.Equal("groups 3, 8 of the recovery key are mistyped",
            new RecoveryKeyReading(IsWhole: false, 132).Complaint);
        Assert.Null(RecoveryKeyReading.Whole.Complaint);
    }

    private static void Check(Func<string, bool> property) =>
        Prop.ForAll(s_keys.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(Rounds));

    private static string Shown(string key, string separator) =>
        string.Join(separator, key.Chunk(RecoveryKey.GroupLength).Select(static group => new string(group)));

    private static int Group(int place) => 1 << (place / RecoveryKey.GroupLength);

    private static int Groups(string typed) => Read(typed).Reading.MistypedGroups;

    private static (RecoveryKeyReading Reading, string Digits) Read(string typed)
    {
        using Passphrase passphrase = new();
        byte[] bytes = Encoding.UTF8.GetBytes(typed);
        bytes.CopyTo(passphrase.Free);
        passphrase.Advance(bytes.Length);
        return (RecoveryKey.Read(passphrase), Encoding.UTF8.GetString(passphrase.Bytes));
    }
}
