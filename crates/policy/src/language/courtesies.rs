//! What of a Chinese text is courtesy, which answers nothing (R14b).

use std::{collections::HashMap, sync::LazyLock};

/// A clause that begins so is a courtesy as a whole, where it is no longer than [`CLAUSE_CHARS_MAX`].
const BEGINNINGS: &str = "\
    感谢您 感谢你 谢谢您 谢谢你 非常感谢 多谢 再次感谢 衷心感谢 祝您 祝你 祝好 敬祝 顺祝 敬请 \
    如有疑问 如有任何 如果有任何 如您有 若有疑问 给您带来 由此带来 为此带来 欢迎 期待 再次表示 \
    我们深表 深表 很高兴为您 竭诚为您 此致 请您谅解 请谅解 不便之处";

/// A longer clause has something else in it.
const CLAUSE_CHARS_MAX: usize = 16;

/// What may stand before such a beginning.
const INTENSIFIERS: &str = "\
    由衷 真诚 诚挚 真心 再次 非常 十分 万分 最后 在此 特别 衷心 同时 我们 也 并";

/// What a clause is about, which says nothing of it: your refund, your order.
const TOPICS: &str = "\
    退款 订单 行程 申请 投诉 预约 咨询 问题 物品 账户 费用 卡 信用卡 来信 车辆 司机";
const OWNERS: &[&str] = &["您的", "你的", "关于您的", "关于"];

/// Courtesies and what joins them, the longer ones before those that are a part of them.
const WORDS: &str = "\
    感谢 谢谢 多谢 您好 你好 大家好 早上好 上午好 下午好 晚上好 尊敬 亲爱 顾客 客户 乘客 旅客 用户 \
    先生 女士 朋友 理解 支持 配合 耐心 等待 来信 来电 咨询 反馈 信任 关注 使用 选择 乘坐 我们 服务 \
    旅途 生活 一切 工作 愉快 顺利 平安 开心 幸福 不便 敬请 谅解 见谅 原谅 歉意 抱歉 不好意思 对不起 \
    疑问 任何 随时 联系 欢迎 期待 下次 客服 中心 团队 热线 敬上 非常 十分 衷心 再次 久等 查收 查看 \
    关于 继续 努力 请 祝 您 你 的 与 和 及 或 对 让 了 以 也 都 很 会 将 给 是 在 为 来 好 吗 亲 哦 \
    呢 吧 啦 由衷 一直以来 信赖 厚爱 宝贵 意见 建议 身体 健康 快乐 假期 节日 阖家 春节 新年 辛苦 \
    拜拜 再见 恳请 深感 表示 一直 大力 光临 惠顾 收到 么么哒 重视 留言 陪伴 玩得 天天 添麻烦 麻烦 一路 帮助 商祺 深表 带来 呀 们 并 还";

/// The words by their first characters: to try each of them at each character made a Chinese text dear.
static BY_FIRST: LazyLock<HashMap<char, Vec<&'static str>>> = LazyLock::new(|| {
    let mut by_first: HashMap<char, Vec<&'static str>> = HashMap::new();
    for word in WORDS.split_ascii_whitespace() {
        by_first.entry(word.chars().next().unwrap_or_default()).or_default().push(word);
    }
    by_first
});

/// How many of a text's Han characters are none of a courtesy; spaces part its clauses.
pub(crate) fn han_beside_them(clauses: &str) -> usize {
    clauses.split_ascii_whitespace().map(beside_them).sum()
}

fn beside_them(clause: &str) -> usize {
    let intensifier =
        INTENSIFIERS.split_ascii_whitespace().find(|one| clause.starts_with(*one)).map_or(0, |one| one.len());
    let begins = BEGINNINGS
        .split_ascii_whitespace()
        .any(|beginning| clause.starts_with(beginning) || clause[intensifier..].starts_with(beginning));
    if begins && clause.chars().count() <= CLAUSE_CHARS_MAX {
        return 0;
    }
    let mut count = 0;
    let mut rest = clause;
    while let Some(first) = rest.chars().next() {
        let courtesy = BY_FIRST.get(&first).and_then(|words| {
            words.iter().filter(|word| rest.starts_with(**word)).map(|word| word.len()).max()
        });
        let courtesy = topic(rest).or(courtesy);
        count += usize::from(courtesy.is_none());
        rest = &rest[courtesy.unwrap_or(first.len_utf8())..];
    }
    count
}

/// The length of a topic and whose it is, where a clause says so.
fn topic(text: &str) -> Option<usize> {
    OWNERS.iter().find_map(|owner| {
        let rest = text.strip_prefix(owner)?;
        let topic = TOPICS
            .split_ascii_whitespace()
            .filter(|topic| rest.starts_with(*topic))
            .map(|topic| topic.len())
            .max()?;
        Some(owner.len() + topic)
    })
}
