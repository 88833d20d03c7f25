//! Where a Chinese text names a button or a page of the app, or somebody's name follows a label (R14b).

/// What an answer tells the customer to do with a button.
const BEFORE: &str = "点击 点选 点按 单击 轻触 选择 按下 长按 打开 进入 勾选 开启 切换到 找到";
const RIGHT_BEFORE: &str = "按 点 选";
/// So many Han characters stand between what it tells and the button at most, as in 打开应用中的.
const BETWEEN_CHARS_MAX: usize = 4;
/// What it calls one.
const AFTER: &str = "按钮 选项 菜单 页面 图标 键 功能 标签 栏 界面 开关 链接 入口 中的";
const AFTER_QUOTES: &str = "中 里 内 下 处";
const CLOSERS: &str = "\"'”’」』】》)]>";
/// What stands before the colon of a name or a place.
const LABELS: &str = "姓名 名称 名字 地点 地址 酒店 司机 乘客 目的地 车型 收件人 车站 类型 位置 起点 终点 公司 品牌 型号 景点 餐厅";

/// Whether words between these name a button: `han_before` are the Han characters of the clause.
pub(crate) fn between(han_before: &str, after: &str) -> bool {
    let closed = after.trim_start_matches(|one| CLOSERS.contains(one));
    let is_quoted = closed.len() < after.len();
    let follows = closed.trim_start_matches(' ');
    let near = last_chars(han_before, BETWEEN_CHARS_MAX + 2);
    BEFORE.split_ascii_whitespace().any(|verb| near.contains(verb))
        || RIGHT_BEFORE.split_ascii_whitespace().any(|verb| han_before.ends_with(verb))
        || AFTER.split_ascii_whitespace().any(|noun| follows.starts_with(noun))
        || is_quoted && AFTER_QUOTES.split_ascii_whitespace().any(|noun| follows.starts_with(noun))
}

/// Whether a clause's Han characters end with the label of a name or a place.
pub(crate) fn is_label(han_before: &str) -> bool {
    LABELS.split_ascii_whitespace().any(|label| han_before.ends_with(label))
}

fn last_chars(text: &str, count: usize) -> &str {
    let begin = text.char_indices().rev().take(count).last().map_or(text.len(), |(at, _)| at);
    &text[begin..]
}
